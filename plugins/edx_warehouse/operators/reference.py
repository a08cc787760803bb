"""The lists that an institution's office keeps by hand, from the archive to objects that can be loaded."""

import tempfile
from pathlib import Path
from typing import Any

from airflow.sdk import Context

from edx_warehouse.domain import places
from edx_warehouse.exports.contracts import Broken, Contracts
from edx_warehouse.exports.csv_files import NotCsv
from edx_warehouse.exports.csv_table import problem_of
from edx_warehouse.exports.json_lines import write_lines
from edx_warehouse.exports.reference_lists import LISTS, ReferenceList
from edx_warehouse.hooks.archive import Archive
from edx_warehouse.hooks.bucket import Bucket, Stored
from edx_warehouse.operators.due import digest_of
from edx_warehouse.operators.holds import HELD
from edx_warehouse.operators.mirror import MirrorOperator
from edx_warehouse.operators.surveys import write_bad_rows

#: Raised whenever the same list gives another object.
VERSION = "1"


class ConvertReferenceOperator(MirrorOperator):
    """Copy ``incoming/reference/course_listing.csv`` and ``staff.csv``, and make ``reference/<list>.json.gz`` of them.

    A list that cannot be taken is held, and the one before stays: deliveries do not wait for it.
    """

    def __init__(self, *, contracts: Contracts, **kwargs: Any) -> None:
        super().__init__(feed="reference", **kwargs)
        self.contracts = contracts

    def execute(self, context: Context) -> dict[str, Any]:
        """Copy and convert; return the lists that were made.

        :raises Transient: ``E-MIR-101`` when a file changed while it was read.
        """
        bucket, archive = self.bucket(), Archive(self.institution.archive)
        files = {it.name: it for it in archive.files("incoming", "reference")}
        wanted = {places.REFERENCE + f"{name}.csv": [files[f"{name}.csv"]] for name in LISTS if f"{name}.csv" in files}
        stored = {it.name: it for it in bucket.objects(places.REFERENCE)}
        come = self._copy_all(archive, bucket, wanted, stored, self._growing(archive, wanted, stored))
        if come.failed:
            raise come.failed[0]
        copies = [it for it in bucket.objects(places.REFERENCE) if it.name in wanted]
        return {"made": [copy.name for copy in copies if self._convert(bucket, copy)]}

    def _convert(self, bucket: Bucket, copy: Stored) -> bool:
        name = copy.name.removeprefix(places.REFERENCE).removesuffix(".csv")
        target, quarantine = f"reference/{name}.json.gz", f"quarantine/reference/{name}/"
        delivery = digest_of([VERSION, self.contracts.fingerprint, copy.sha256])
        served, held = bucket.stat(target), bucket.stat(quarantine + HELD)
        if served and served.metadata.get("delivery") == delivery:
            bucket.delete([quarantine + HELD] if held else [])  # the good list is back
            return False
        if held and held.metadata.get("delivery") == delivery:
            return False
        with tempfile.TemporaryDirectory() as folder:
            path, out = Path(folder, f"{name}.csv"), Path(folder, "out.json.gz")
            bucket.download(copy, path)
            try:
                listed = ReferenceList(name, path, self.contracts.by_name[name])
                rows = write_lines(out, listed.rows()).rows
            except (Broken, NotCsv) as error:
                problem = problem_of(error, self.institution.name, copy.name)
                self.log.error("%s", problem)
                bucket.put(quarantine + HELD, problem.to_json().encode(), {"delivery": delivery})
                return False
            write_bad_rows(bucket, quarantine, listed.quarantined)
            bucket.delete([quarantine + HELD])
            bucket.put(target, out, {"delivery": delivery, "rows": str(rows)})
        self.log.info("%s: %d rows, %d in quarantine", name, rows, len(listed.quarantined))
        return True
