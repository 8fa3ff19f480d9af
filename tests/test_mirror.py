"""The test of ``x/y.py`` is in ``tests/x/test_y.py`` or ``test_y_aspect.py``; here are the exceptions."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import airflow_provider_mailkit

TESTS = Path(__file__).parent
PACKAGE = Path(airflow_provider_mailkit.__file__).parent

#: Small modules, and those that only do something together with others: the file that tests them.
ELSEWHERE = {
    "catalogue/functions/*.py": "catalogue/test_functions.py",
    "catalogue/parts.py": "catalogue/test_report.py",
    "catalogue/reports/*.py": "catalogue/test_reports.py",
    "export/claims.py": "export/test_increments.py",
    "export/identity.py": "operators/test_incremental_refusals.py",
    "export/ledger.py": "export/test_increments.py",
    "hooks/_form.py": "test_provider_info.py",
    "hooks/_polls.py": "hooks/test_mailkit.py",
    "imports/audience.py": "operators/test_imports.py",
    "imports/content.py": "imports/test_readers.py",
    "imports/guards.py": "operators/test_imports_refusals.py",
    "imports/journal.py": "operators/test_imports.py",
    "imports/lists.py": "operators/test_imports.py",
    "imports/people.py": "operators/test_by_address.py",
    "imports/records.py": "operators/test_by_address.py",
    "imports/rejected.py": "operators/test_imports.py",
    "imports/results.py": "operators/test_by_address.py",
    "imports/run.py": "operators/test_imports.py",
    "imports/sending.py": "operators/test_imports.py",
    "operators/_best_effort.py": "operators/test_outlets.py",
    "operators/_files.py": "operators/test_imports.py",
    "operators/_hidden.py": "test_hidden.py",
    "operators/_sending.py": "operators/test_schedule.py",
    "operators/mailkit.py": "test_layering.py",
    "operators/mapped.py": "dags/test_mapped_exports.py",
    "operators/unsubscribe.py": "operators/test_by_address.py",
    "operators/wipe.py": "operators/test_by_address.py",
    "pages/figures.py": "pages/test_gather.py",
    "probe/*.py": "probe/test_main.py",
    "protocol/logs.py": "protocol/test_increments.py",
    "protocol/record_pattern.py": "protocol/test_markup.py",
    "protocol/state.py": "protocol/test_decoder.py",
    "sandbox/*.py": "sandbox/test_account.py",
    "storage/folder.py": "storage/test_increments.py",
    "storage/lineage.py": "operators/test_lineage.py",
    "transport/*sessions.py": "transport/test_clients.py",
    "transport/http_client.py": "transport/test_heads.py",
    "waiting/statuses.py": "waiting/test_rule.py",
}

#: Files about no single module, and what they are about.
TOGETHER = {
    "hooks/test_requests_mock.py": "the hook beside another library",
    "protocol/test_fuzz_findings.py": "both decoders",
    "sandbox/test_agreement.py": "all answers about a delivery",
    "storage/test_after_publication.py": "what runs after a publication",
    "storage/test_full_disk.py": "exports on a full disk",
    "storage/test_increment_costs.py": "what many earlier files cost at a store",
    "storage/test_increment_faults.py": "incremental exports at stores whose requests fail",
    "storage/test_increments.py": "incremental exports at every store",
    "storage/test_kills.py": "exports that are killed",
    "storage/test_operator.py": "exports at every store",
    "storage/test_races.py": "exports at the same time",
    "storage/test_s3.py": "what only S3 has",
    "storage/test_temp_key.py": "stores of which little is known",
    "storage/test_threads.py": "exports without a thread",
    "test_layering.py": "imports of all modules",
    "test_mirror.py": "this rule",
    "transport/test_bodies.py": "both clients: bodies",
    "transport/test_client_properties.py": "both clients: their rows are the decoder's",
    "transport/test_clients.py": "both clients: answers, and tries",
    "transport/test_whole_answers.py": "both clients: calls",
    "triggers/test_arguments.py": "both triggers: arguments",
    "triggers/test_stored_rows.py": "both triggers: what an earlier release has stored",
}


def own_name(module: str) -> str:
    path = Path(module)
    return str(path.with_name(f"test_{path.stem.strip('_')}"))


MODULES = [str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"]
# Folders too: that of catalogue/reports is catalogue/test_reports.py.
FOLDERS = {str(Path(module).parent) for module in MODULES}
OWN_NAMES = {own_name(name) for name in [*MODULES, *FOLDERS - {"."}]}
TEST_FILES = {str(path.relative_to(TESTS)) for path in TESTS.rglob("test_*.py")}


def test_every_module_has_a_test_file() -> None:
    without = [module for module in MODULES if f"{own_name(module)}.py" not in TEST_FILES]
    matches = {pattern: [m for m in without if Path(m).match(pattern)] for pattern in ELSEWHERE}
    assert sorted(chain(*matches.values())) == sorted(without)
    assert [pattern for pattern, found in matches.items() if not found] == []
    assert set(ELSEWHERE.values()) <= TEST_FILES


def test_every_test_file_names_its_module() -> None:
    others = [
        name
        for name in TEST_FILES
        if str(Path(name).parent) in FOLDERS
        and not any(name == f"{own}.py" or name.startswith(f"{own}_") for own in OWN_NAMES)
    ]
    assert sorted(others) == sorted(TOGETHER)


def test_no_test_file_is_long() -> None:
    lengths = {str(path.relative_to(TESTS)): path.read_text().count("\n") for path in TESTS.rglob("*.py")}
    assert [name for name, length in lengths.items() if length > 400] == []
