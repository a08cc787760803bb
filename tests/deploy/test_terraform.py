"""What is asked of Google, read from the Terraform files: nobody but named accounts and groups, and no more than a step needs."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import hcl2
import pytest
from hcl2 import SerializationOptions

from edx_warehouse.domain import places
from edx_warehouse.domain.registry import STEPS, Registry

ROOT = Path(__file__).resolve().parents[2]
TERRAFORM = ROOT / "deploy" / "terraform"
FILES = sorted(TERRAFORM.rglob("*.tf"))
OPTIONS = SerializationOptions(strip_string_quotes=True, with_comments=False, explicit_blocks=False)
PUBLIC = re.compile(r"allUsers|allAuthenticatedUsers|domain:|projectViewers|specialGroup")
# Whoever adds a role says in the same commit why nothing smaller will do.
ROLES = {
    "roles/bigquery.dataEditor",
    "roles/bigquery.dataViewer",
    "roles/bigquery.jobUser",
    "roles/bigquery.metadataViewer",
    "roles/datacatalog.categoryFineGrainedReader",
    "roles/iam.serviceAccountTokenCreator",
    "roles/iam.workloadIdentityUser",
    "roles/secretmanager.secretAccessor",
    "roles/storage.objectUser",
    "roles/storage.objectViewer",
}
OF_PROJECTS = {"roles/bigquery.jobUser", "roles/secretmanager.secretAccessor"}
REGISTRY = """\
institutions:
  HarvardX: {project: harvardx-data, bucket: harvardx-data, archive: "file:///srv/hmdc/harvardx", log_prefixes: [harvardx]}
  MITx: {project: mitx-data, bucket: mitx-data, archive: "file:///srv/hmdc/mitx", log_prefixes: [mitx]}
courses:
  - {course_id: HarvardX/CS50x/2014_T1, institution: HarvardX, launch: 2014-01-01, groups: [cs, web]}
  - {course_id: "course-v1:HarvardX+PH556x.2+a-run-of-2014", institution: HarvardX}
  - {course_id: MITx/6.00.1x/2014-T3, institution: MITx, wrap: 2014-12-31}
windows:
  - {name: "2012_2013", start: 2012-09-01, end: 2013-09-01}
research:
  - {name: motivation, institution: HarvardX, tables: [secondary.person_course]}
"""


class Block(NamedTuple):
    """A resource as it is written: its type, its name and what it says."""

    kind: str
    name: str
    body: dict[str, Any]


def resources(kind: str = "") -> Iterator[Block]:
    """Yield the resources whose type has a text in it."""
    for path in FILES:
        for entry in hcl2.loads(path.read_text(), serialization_options=OPTIONS).get("resource", []):
            for found, named in entry.items():
                for name, body in named.items():
                    if kind in found:
                        yield Block(found, name, body)


def permissions() -> list[str]:
    return [it for role in resources("custom_role") for it in role.body["permissions"]]


@pytest.fixture(scope="module")
def terraform() -> str:
    """Return the program, where there is one: it is not needed for anything else here."""
    program = shutil.which("terraform") or shutil.which("tofu")
    if program is None:
        pytest.skip("no terraform on PATH")
    return program


def test_every_file_is_terraform() -> None:
    assert {path.relative_to(TERRAFORM).parts[0] for path in FILES} >= {"main.tf", "modules", "logs.tf"}
    assert len(list(resources())) > 20


def test_nothing_is_open_to_everybody() -> None:
    for path in [*FILES, *TERRAFORM.rglob("*.tfvars*")]:
        assert not PUBLIC.search(path.read_text()), path.name


def test_no_role_is_wider_than_its_step() -> None:
    found = set(re.findall(r'"(roles/[\w./]+)"', "\n".join(path.read_text() for path in FILES)))
    assert found == ROLES
    assert not [role for role in found if re.search(r"roles/(owner|editor|viewer)$|[aA]dmin|[oO]wner", role)]


def test_no_role_of_a_whole_project_reads_data() -> None:
    for grant in resources("google_project_iam_member"):
        role = grant.body["role"]
        assert role in OF_PROJECTS or "custom_role" in role, grant.name
    assert not [
        it for it in permissions() if re.search(r"getData|objects\.get$|\.delete|setIamPolicy|actAs|getAccessToken", it)
    ]


def test_who_compares_splits_with_loads_sees_the_tables_of_a_course_and_no_rows() -> None:
    [grant] = [it for it in resources("dataset_iam_member") if "metadataViewer" in it.body["role"]]
    assert "local.lookers" in grant.body["for_each"]
    text = (TERRAFORM / "modules/institution/datasets.tf").read_text()
    [steps] = re.findall(r"lookers = .*?for step in (\[.*?\])", text, re.DOTALL)
    assert set(json.loads(steps)) == {"ingest", "split", "watch"}


def test_secrets_are_read_by_name() -> None:
    grants = [it for it in resources("iam_member") if "secretAccessor" in it.body["role"]]
    assert len(grants) == 1
    assert "airflow-" in grants[0].body["condition"][0]["expression"]


def test_grants_are_added_and_never_replace_those_of_others() -> None:
    kinds = {it.kind for it in resources("_iam_")}
    assert not [kind for kind in kinds if kind.endswith(("_iam_policy", "_iam_binding", "_access"))]


def test_no_account_has_a_key() -> None:
    assert not list(resources("service_account_key"))
    assert not list(resources("hmac_key"))


def test_every_bucket_is_closed_and_cleans_up() -> None:
    buckets = list(resources("google_storage_bucket"))
    buckets = [it for it in buckets if it.kind == "google_storage_bucket"]
    assert len(buckets) == 2
    for bucket in buckets:
        assert bucket.body["uniform_bucket_level_access"] is True
        assert bucket.body["public_access_prevention"] == "enforced"
        assert bucket.body["lifecycle_rule"]


def test_what_edx_sent_is_never_deleted_by_age() -> None:
    (bucket,) = [
        it for it in resources("google_storage_bucket") if it.kind == "google_storage_bucket" and it.name == "this"
    ]
    for rule in bucket.body["lifecycle_rule"]:
        action, condition = rule["action"][0]["type"], rule["condition"][0]
        if action == "Delete" and "with_state" not in condition:
            assert condition["matches_prefix"] == ["quarantine/logs/"]
    assert bucket.body["versioning"][0]["enabled"] is True
    assert bucket.body["lifecycle"][0]["prevent_destroy"] is True
    assert places.quarantine_logs(date(2014, 11, 10)).startswith("quarantine/logs/")


def test_datasets_and_buckets_outlive_a_mistake() -> None:
    for kind in ("google_bigquery_dataset", "google_storage_bucket"):
        for it in resources(kind):
            if it.kind == kind and it.name == "this":
                assert it.body["lifecycle"][0]["prevent_destroy"] is True


def test_there_is_an_account_for_each_step_of_the_dags() -> None:
    text = (TERRAFORM / "modules/institution/accounts.tf").read_text()
    steps = hcl2.loads(text, serialization_options=OPTIONS)["locals"][0]["steps"]
    assert set(steps) == set(STEPS)


def test_only_those_who_copy_or_restore_write_what_edx_sent() -> None:
    text = (TERRAFORM / "modules/institution/storage.tf").read_text()
    access = next(it for it in hcl2.loads(text, serialization_options=OPTIONS)["locals"] if "writes" in it)
    assert set(access["reads"]) == set(STEPS)
    assert set(access["writes"]) == {"ingest", "split", "build", "archive"}
    assert "!${local.copies}" in access["writes"]["build"]
    assert "!${local.copies}" in access["writes"]["split"]
    assert access["copies"].count("/hmdc/") == 1


def test_who_looks_and_who_pays_is_told() -> None:
    kinds = {it.kind for it in resources()}
    assert kinds >= {
        *("google_billing_budget", "google_logging_project_sink", "google_project_iam_audit_config"),
        *("google_data_catalog_policy_tag", "google_service_usage_consumer_quota_override"),
    }


def test_every_variable_says_what_it_is() -> None:
    for name in ("variables.tf", "outputs.tf"):
        document = hcl2.loads((TERRAFORM / name).read_text(), serialization_options=OPTIONS)
        for entry in document.get("variable", []) + document.get("output", []):
            for key, body in entry.items():
                assert body["description"], key


def test_the_files_are_formatted(terraform: str) -> None:
    done = subprocess.run(
        [terraform, f"-chdir={TERRAFORM}", "fmt", "-recursive", "-check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_terraform_names_what_the_package_names(terraform: str, tmp_path: Path) -> None:
    shutil.copytree(TERRAFORM / "modules/names", tmp_path / "names")
    path = tmp_path / "registry.yaml"
    path.write_text(REGISTRY)
    (tmp_path / "main.tf").write_text(
        f'module "names" {{\n  source   = "./names"\n  registry = yamldecode(file("{path}"))\n}}\n'
        'output "institutions" {\n  value = module.names.institutions\n}\n'
    )
    for command in (["init"], ["plan", "-out=plan"]):
        subprocess.run(
            [terraform, *command, "-input=false", "-no-color"], cwd=tmp_path, check=True, capture_output=True
        )
    shown = subprocess.run([terraform, "show", "-json", "plan"], cwd=tmp_path, check=True, capture_output=True).stdout
    named = json.loads(shown)["planned_values"]["outputs"]["institutions"]["value"]

    registry = Registry.read(path)
    assert set(named) == {it.name for it in registry.institutions}
    for institution in registry.institutions:
        keys = [course.key for course in registry.courses_of(institution)]
        wanted = {places.report_dataset(institution.name)}
        for key in keys:
            wanted |= {places.latest_dataset(key), places.logs_dataset(key)}
            wanted |= {places.dataset(key, window) for window in registry.windows}
        found = named[institution.name]
        assert (found["project"], found["bucket"]) == (institution.project, institution.bucket)
        assert set(found["datasets"]) == wanted
        assert set(found["courses"]) == {key.slug for key in keys}
        assert set(found["research"]) == {
            project.dataset(key)
            for project in registry.research
            if project.institution == institution.name
            for key in keys
        }
