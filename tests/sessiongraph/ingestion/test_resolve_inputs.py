"""What a user hands to `add()` is taken for what it is, and what was left out is told."""

import os
from pathlib import Path

import pytest

from sessiongraph.errors import InvalidInputError, UnreadableDocumentError
from sessiongraph.ingestion.resolve_inputs import parse, resolve_inputs, resolve_texts


def write(path: Path, text: str = "Alice lives in Paris.") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def names(data: object) -> list[str]:
    return [item.name for item in resolve_inputs(data).items]


class TestTexts:
    @pytest.mark.parametrize(
        "text",
        [
            "Alice lives in Paris.",
            "notes.txt",
            "C:\\notes.txt",
            "and/or",
            "~alice wrote",
            "http://a.b/c",
            ".5 is half",
        ],
    )
    def test_a_string_is_a_text(self, text: str):
        (item,) = resolve_inputs(text).items
        document = parse(item)
        assert (document.name, document.source, document.text) == ("text", None, text)

    def test_several_lines_are_a_text_even_if_they_start_like_a_path(self):
        (item,) = resolve_inputs("/remind me\nto call Alice").items
        assert parse(item).text == "/remind me\nto call Alice"

    def test_order_and_duplicates_are_kept(self, tmp_path: Path):
        file = write(tmp_path / "a.txt")
        assert names(["one", file, "two", str(file), "one"]) == ["text", "a.txt", "text", "a.txt", "text"]
        assert names(("one",)) == ["text"]

    def test_an_empty_text_is_refused_with_its_position(self):
        with pytest.raises(UnreadableDocumentError, match=r"data\[1\] is a text without a letter or digit"):
            resolve_inputs(["Alice", " \n"])
        with pytest.raises(UnreadableDocumentError, match="data is a text without"):
            resolve_inputs("")


class TestFiles:
    def test_a_path_is_a_path_in_all_its_forms(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        file = write(tmp_path / "my notes.txt")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("HOME", str(tmp_path))
        url = file.as_uri()
        assert "%20" in url
        (entry,) = os.scandir(tmp_path)
        strings = [str(file), "./my notes.txt", f"../{tmp_path.name}/my notes.txt", "~/my notes.txt", url]
        forms = [
            file,
            Path("my notes.txt"),
            Path("~/my notes.txt"),
            entry,
            *strings,
            url.replace("//", "//localhost", 1),
        ]
        for form in forms:
            (item,) = resolve_inputs(form).items
            document = parse(item)
            assert (document.name, document.text) == ("my notes.txt", "Alice lives in Paris.")
            assert document.source == item.source
            assert document.source is not None and document.source.endswith("my notes.txt")

    @pytest.mark.parametrize("missing", ["/no/such/file.txt", "./gone.txt", "file:///gone.txt", Path("gone.txt")])
    def test_a_path_to_nothing_is_refused_not_taken_for_a_text(self, missing: object):
        with pytest.raises(InvalidInputError, match=r"data\[1\], .*, cannot be read: No such file or directory"):
            resolve_inputs(["Alice", missing])

    @pytest.mark.parametrize("broken", ["/a\0b.txt", "/" + "a" * 5000, "/\ud800.txt", "file://server/a.txt", "file://"])
    def test_a_path_that_cannot_be_is_refused_in_a_line(self, broken: str):
        with pytest.raises(InvalidInputError, match="data, .*") as refused:
            resolve_inputs(broken)
        assert len(str(refused.value).encode()) < 500

    def test_a_file_of_another_format_is_refused_before_any_is_read(self, tmp_path: Path):
        with pytest.raises(UnreadableDocumentError, match=r"data\[1\], .*photo.png.*save it as one of .txt"):
            resolve_inputs([write(tmp_path / "a.txt"), write(tmp_path / "photo.png")])


class TestFolders:
    def test_stand_for_the_files_below_them_in_order(self, tmp_path: Path):
        for name in ("b.txt", "a/z.md", "a/b/c.html", "C.CSV"):
            write(tmp_path / name, "name\nAlice")
        inputs = resolve_inputs([tmp_path, "Alice"])
        assert [item.name for item in inputs.items] == ["C.CSV", "c.html", "z.md", "b.txt", "text"]
        assert inputs.items[1].source == str(tmp_path / "a/b/c.html")
        assert inputs.skipped == []

    def test_what_is_left_out_is_told(self, tmp_path: Path):
        write(tmp_path / "a.txt")
        write(tmp_path / "sub/photo.png")
        write(tmp_path / "LICENSE")
        os.mkfifo(tmp_path / "pipe.txt")
        (tmp_path / "broken.txt").symlink_to("nowhere.txt")
        inputs = resolve_inputs(tmp_path)
        assert [item.name for item in inputs.items] == ["a.txt"]
        assert inputs.skipped == [
            "LICENSE: not a supported format",
            "broken.txt: not a file",
            "pipe.txt: not a file",
            "sub/photo.png: not a supported format",
        ]

    def test_hidden_files_and_lock_files_of_word_are_passed_over(self, tmp_path: Path):
        for name in ("a.txt", ".env.txt", ".git/b.txt", "~$report.docx"):
            write(tmp_path / name)
        inputs = resolve_inputs(tmp_path)
        assert ([item.name for item in inputs.items], inputs.skipped) == (["a.txt"], [])

    def test_links_never_lead_out_or_in_circles(self, tmp_path: Path):
        folder = tmp_path / "folder"
        secret = write(tmp_path / "outside/secret.txt")
        write(folder / "sub/a.txt")
        (folder / "file.txt").symlink_to(secret)
        (folder / "dir").symlink_to(secret.parent)
        (folder / "sub/up").symlink_to("..")
        (folder / "loop.txt").symlink_to("loop.txt")
        inputs = resolve_inputs(folder)
        assert [item.name for item in inputs.items] == ["a.txt"]
        assert inputs.skipped == [
            "dir: a link out of the folder",
            "file.txt: a link out of the folder",
            "loop.txt: not a file",
            "sub/up: a link to a folder",
        ]

    def test_a_neighbour_whose_name_starts_alike_is_outside(self, tmp_path: Path):
        write(tmp_path / "in/a.txt")
        (tmp_path / "in/b.txt").symlink_to(write(tmp_path / "in-secret/b.txt"))
        assert names(tmp_path / "in") == ["a.txt"]

    def test_a_link_to_a_file_inside_is_read_as_kubernetes_mounts_need(self, tmp_path: Path):
        write(tmp_path / "..2024/a.txt")
        (tmp_path / "..data").symlink_to("..2024")
        (tmp_path / "a.txt").symlink_to("..data/a.txt")
        (item,) = resolve_inputs(tmp_path).items
        assert parse(item).text == "Alice lives in Paris."

    def test_a_folder_given_by_a_link_is_that_folder(self, tmp_path: Path):
        write(tmp_path / "real/a.txt")
        (tmp_path / "link").symlink_to("real")
        assert names(tmp_path / "link") == ["a.txt"]

    def test_a_folder_with_nothing_to_read_is_refused_and_says_what_it_holds(self, tmp_path: Path):
        with pytest.raises(InvalidInputError, match=r"data, the folder .*, holds no file to read: put files of \.txt"):
            resolve_inputs(tmp_path)
        write(tmp_path / "photo.png")
        with pytest.raises(InvalidInputError, match="Left out: photo.png: not a supported format"):
            resolve_inputs(tmp_path)

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_a_folder_without_permission_is_told(self, tmp_path: Path):
        write(tmp_path / "a.txt")
        closed = write(tmp_path / "closed/b.txt").parent
        closed.chmod(0)
        try:
            assert resolve_inputs(tmp_path).skipped == ["closed: Permission denied"]
        finally:
            closed.chmod(0o700)


class TestWrongTypes:
    @pytest.mark.parametrize("wrong", [None, 7, b"Alice", bytearray(b"Alice"), {"a": "b"}, {"Alice"}, iter(["Alice"])])
    def test_are_named_with_their_position(self, wrong: object):
        kind = type(wrong).__name__
        with pytest.raises(InvalidInputError, match=f"data is of type {kind}: give a text"):
            resolve_inputs(wrong)
        with pytest.raises(InvalidInputError, match=rf"data\[1\] is of type {kind}"):
            resolve_inputs(["Alice", wrong])

    def test_lists_are_flat(self):
        with pytest.raises(InvalidInputError, match=r"data\[0\] is of type list"):
            resolve_inputs([["Alice"]])

    @pytest.mark.parametrize("empty", [[], ()])
    def test_nothing_is_refused(self, empty: object):
        with pytest.raises(InvalidInputError, match="data is an empty list"):
            resolve_inputs(empty)


@pytest.mark.parametrize("text", ["/etc/passwd", "./notes.txt", "../x", "~/x", "file:///etc/passwd", "/"])
def test_texts_from_elsewhere_are_never_paths(text: str):
    if text == "/":
        with pytest.raises(UnreadableDocumentError):
            resolve_texts([text])
        return
    [found] = resolve_texts([text]).items
    assert (found.content, found.source, parse(found).text) == (text, None, text)
