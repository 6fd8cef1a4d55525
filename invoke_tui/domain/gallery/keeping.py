"""Looking after the gallery's files: what is asked for, what is told on the way, and what came of it."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from invoke_tui.domain.base import Record

FindingKind = Literal[
    "missing", "damaged", "orphan", "duplicate", "thumbnail", "unfinished", "texts", "search"
]
FINDINGS: Final[dict[FindingKind, str]] = {
    "missing": "listed, but the file is gone",
    "damaged": "the file is no whole picture",
    "orphan": "a picture that is not listed",
    "duplicate": "a second file of a picture that is listed",
    "thumbnail": "a thumbnail of no picture",
    "unfinished": "a file that was never written to its end",
    "texts": "listed without what it says",
    "search": "the search does not know what pictures say",
}
REPAIRS: Final[dict[FindingKind, str]] = {
    "search": "indexes again what pictures say",
    "orphan": "takes it in with what its file says; a row that misses this file points to it again",
    "missing": "takes it off the list; not where it lies elsewhere, nor where most files are missing",
    "damaged": "sets the file aside in outputs/set-aside and takes it off the list; one elsewhere is left",
    "texts": "reads the file again",
    "thumbnail": "removes it",
    "unfinished": "removes it",
    "duplicate": "leaves it where it is",
}
"""What mending does, in the order in which it is done: the search first, whose triggers work on every row that changes;
then pictures that are not listed, for one of them may be the file that a row misses."""
KeepingVerb = Literal["verify", "rebuild", "arrange", "move", "thumbnails"]


class Finding(Record):
    """Something that is not as it should be. ``repair`` is what was done about it, or why nothing was."""

    kind: FindingKind
    file: str = Field(default="", description="Below the pictures' folder; absolute where it lies elsewhere")
    image_name: str | None = None
    reason: str = ""
    repair: str = ""
    repaired: bool = False


class Step(Record):
    """How far the work is."""

    doing: str
    done: int = 0
    total: int = 0


class CheckReport(Record):
    """What a check of the gallery found, and did where it was asked to."""

    pictures: int = Field(description="That are listed")
    files: int = Field(description="Pictures in the folder")
    findings: list[Finding] = Field(default_factory=list)
    backup: str | None = Field(default=None, description="The database as it was before")

    @property
    def left(self) -> int:
        """How many findings are as they were."""
        return sum(not finding.repaired for finding in self.findings)


class RebuildReport(Record):
    """What was read from files. ``unknown`` are sentences about what no file says."""

    taken_in: int = 0
    listed_before: int = 0
    remembered: int = Field(default=0, description="Of those: with what the backup knew of them")
    boards: int = Field(default=0, description="Boards that came from the backup")
    backup: str | None = Field(default=None, description="The backup that was read")
    findings: list[Finding] = Field(default_factory=list, description="Files that were left")
    unknown: list[str] = Field(default_factory=list)


class ArrangeOrder(Record):
    """How files shall lie: InvokeAI's strategy, or a template."""

    strategy: Literal["flat", "date", "type", "hash"] = "flat"
    template: str = ""


class ArrangeReport(Record):
    """What was moved, and what was not."""

    moved: int = 0
    in_place: int = 0
    left: int = Field(default=0, description="Their files are gone, or could not be moved")


class PlannedMove(Record):
    """A file that would be moved, below the pictures' folder. A name that is taken gets a number then."""

    old: str
    new: str


class ArrangePlan(Record):
    """What arranging would do."""

    moves: int = 0
    in_place: int = 0
    first: list[PlannedMove] = Field(default_factory=list, description="Some of the moves")


class MoveReport(Record):
    """Pictures that are to be found in another folder from now on. ``outputs_dir`` is what the setting says now."""

    files: int
    outputs_dir: str
    settings_file: str


class ThumbnailReport(Record):
    """Thumbnails that were made anew."""

    made: int = 0
    failed: int = 0


class BackupFile(Record):
    """A copy of the database."""

    path: str
    size: int


class BackupReport(BackupFile):
    """A copy that was just made, and how many pictures it lists."""

    pictures: int


class Held(Record):
    """Things of a kind, and their bytes."""

    count: int = 0
    size: int = 0


class SpaceReport(Record):
    """Where the gallery's files are, and what they take."""

    images_dir: str
    strategy: str = Field(description="How new pictures are spread over folders, where no template says it")
    template: str = ""
    free: int = Field(description="Bytes that are left on that disk")
    pictures: Held = Held()
    elsewhere: Held = Field(
        default=Held(), description="Of the pictures: those that were left where they lay"
    )
    trash: Held = Held()
    thumbnails: Held = Held()
    set_aside: Held = Held()
    database: int = 0
    backups: list[BackupFile] = Field(default_factory=list, description="Newest first")
