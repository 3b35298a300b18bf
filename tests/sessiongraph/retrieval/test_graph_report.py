"""Graph report: most connected entities, communities and newest facts, of what the user may use alone."""

from pathlib import Path

import sessiongraph
from sessiongraph import SearchType


async def test_a_report_tells_what_there_is_without_a_model(home: Path):
    await sessiongraph.add(
        ["Alice Novak works for Acme Labs. Alice Novak lives in Paris. Boris Weber founded Acme Labs."],
        "d",
        node_set=["a"],
    )
    await sessiongraph.add(["Carla Rossi lives in Porto. Carla Rossi married Hugo Diaz."], "d", node_set=["b"])
    await sessiongraph.cognify("d")
    [report] = await sessiongraph.search("What is there?", SearchType.GRAPH_REPORT, datasets="d")
    assert report.answer is None and report.usage.calls == 0
    assert "2 passages" in str(report) and "Most connected:" in str(report) and "Newest facts:" in str(report)
    communities = str(report).partition("What belongs together:")[2].partition("Newest facts:")[0]
    together = next(line for line in communities.splitlines() if "Porto" in line)
    assert "Carla Rossi" in together and "Alice" not in together
    assert {citation.kind for citation in report.citations} == {"fact"}
    [again] = await sessiongraph.search("What is there?", SearchType.GRAPH_REPORT, datasets="d")
    assert str(again) == str(report)
    [part] = await sessiongraph.search("What is there?", SearchType.GRAPH_REPORT, datasets="d", node_sets=["b"])
    assert "Alice" not in str(part) and "Carla Rossi" in str(part)


async def test_a_graph_without_facts_has_a_report_too(home: Path):
    await sessiongraph.add(["nothing of note"], "d")
    await sessiongraph.cognify("d")
    [report] = await sessiongraph.search("report", SearchType.FEELING_LUCKY, datasets="d")
    assert report.query_type is SearchType.GRAPH_REPORT and "1 passages, 0 entities, 0 facts." in str(report)
