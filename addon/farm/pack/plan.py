# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans a pack: what goes where, with rewritten copies of the .blend files.

The .blend is opened once to see all that it uses: linked data is loaded with
it, so everything that a render needs of the libraries is known, to any depth,
and nothing that it does not need is packed. Then each .blend that has a path to
change is opened by itself, changed, and saved as a copy in the work folder.
"""

import fnmatch
import os
import posixpath
import shutil
import tempfile
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

import bpy

from . import asleep, files, nodes, refs, usd
from .layout import Layout, digest, fold, inside, portable
from .reference import Reference, is_archive, library_path


class PlanError(Exception):
    """The .blend cannot be packed; the message is one sentence for people."""

    def __init__(self, message: str, blender: bool = False):
        super().__init__(message)
        self.blender = blender  # another Blender might do it


class Needed(NamedTuple):
    """Something outside of the .blend files that is needed, and where it will be."""

    target: Optional[str]  # in the pack; None: it is not there
    left_out: bool = False  # because the user wants it


class Planner:
    """One pack in the making."""

    def __init__(self, blend: str, root: str, work: str, exclude: List[str], tell: Callable[..., None]):
        self.blend, self.root, self.work = blend, root, work
        self.exclude = exclude
        self.look_only = False
        self.tell = tell
        self.layout = Layout(root)
        self.needed: Dict[tuple, Needed] = {}  # by Reference.key
        self.blends: Dict[str, str] = {}  # libraries that can be read, and the .blend itself: path -> target
        self.rewritten: Dict[str, str] = {}  # target -> copy
        self.missing: List[dict] = []
        self.warnings: List[str] = []

    def plan(self) -> dict:
        """Makes the plan; see main.py for its form."""
        self.tell(phase="open", file=self.blend)
        self.open(self.blend)
        self.blends[self.blend] = self.layout.add(self.blend, [self.blend])
        self.collect()
        self.check_against_blender()
        blends = [] if self.look_only else sorted(self.blends, key=lambda p: (p != self.blend, p))
        for number, path in enumerate(blends):
            self.tell(phase="rewrite", file=path, number=number + 1, of=len(blends))
            try:
                self.rewrite(path)
            except PlanError as err:
                if path == self.blend:
                    raise
                self.give_up(path, str(err))
        return {
            "blend": self.blends[self.blend], "root": self.root, "files": self.listed(),
            "missing": self.missing, "warnings": self.warnings,
        }

    def open(self, path: str) -> None:
        """Opens a .blend, if this Blender can without losing part of it."""
        if is_open(path):
            return
        try:
            asleep.open_blend(path)
        except RuntimeError as err:
            # A library that is damaged is an error as well, after which the
            # file is open all the same.
            if not is_open(path):
                raise cannot_open(path, str(err)) from err
        saved, have = tuple(bpy.data.version[:2]), tuple(bpy.app.version[:2])
        if saved > have:
            raise PlanError(
                "%s was saved by Blender %d.%d, and the Blender here is %s, which would lose part of it: use Blender %d.%d or newer"
                % (path, *saved, bpy.app.version_string, *saved), blender=True)

    def collect(self) -> None:
        """Finds everything the open .blend uses, and gives it its place."""
        found = [r for r in refs.references() if not r.packed and r.kind != "archive"]
        # The order decides who keeps a name. Those with a place that follows
        # from that of a .blend come last, when that is known.
        found.sort(key=lambda r: (r.put is None, r.kind != "library", r.path, r.shape))
        for ref in found:
            if ref.key not in self.needed or ref.names:
                self.needed[ref.key] = self.placed(ref)
        for tree, node in nodes.calculated():
            self.warnings.append("node %s of %s makes up the path that it imports from as it runs; if it is no other file's here, put that file into the project and give its path" % (node, tree))
        self.tell(phase="files", files=len(self.layout.files))

    def placed(self, ref: Reference) -> Needed:
        """Gives what a reference stands for its place in the pack."""
        path = ref.path
        stays = Needed(None)
        if self.is_excluded(path):
            return Needed(None, left_out=True)
        try:
            found = ref.files()
        except files.Unreadable as err:
            self.miss(ref, str(err))
            return stays
        if not found:
            if not ref.spare and not (ref.shape == files.FOLDER and os.path.isdir(path)):
                self.miss(ref, "there is no such file")
            return stays
        unreadable = [f for f in found if not os.access(f, os.R_OK)]
        if unreadable:
            self.miss(ref, "it may not be read")
            return stays
        found = [f for f in found if not self.is_excluded(f) and self.has_plain_name(f)]
        for gone in ref.missing():
            if not self.is_excluded(gone):
                self.miss(ref, "there is no such file", gone)
        at = ""
        if ref.put is None:  # beside its .blend, and named after it
            at = refs.blendcache(self.blends.get(ref.library or self.blend, ""))
        target = self.layout.add(path, found, folder=ref.shape == files.FOLDER, at=at)
        if ref.kind == "library":
            self.add_library(ref, path, target)
        elif ref.kind in ("usd", "osl"):
            for file in found:
                self.add_companions(ref.kind, file)
        return Needed(target)

    def has_plain_name(self, file: str) -> bool:
        """Reports whether a name can be told to other programs, and says so if not."""
        try:
            file.encode("utf-8")
        except UnicodeEncodeError:
            self.warnings.append("%s is left out: its name is not UTF-8; rename it" % file.encode("utf-8", "backslashreplace").decode())
            return False
        return True

    def add_library(self, ref: Reference, path: str, target: str) -> None:
        """Notes a library to look into, unless it is damaged."""
        if getattr(ref.id, "is_missing", False) or not is_blend(path):
            self.miss(ref, "it is damaged, or no .blend file")
            self.layout.files.pop(target, None)
            return
        self.blends[path] = target

    def add_companions(self, kind: str, path: str) -> None:
        """Adds what a file refers to in turn. Their paths in it stay as they are.

        What is in the same tree of folders keeps its place relative to it.
        """
        if kind == "usd":
            others, blind = usd.dependencies(path)
            if blind:
                self.warnings.append(blind)
        else:
            stem = os.path.splitext(path)[0]
            folder = os.path.dirname(path)
            names = [n for n in files.listed(folder) if n.lower().endswith((".h", ".oslh"))]
            others = [f for f in [stem + ".oso"] + [os.path.join(folder, n) for n in sorted(names)] if os.path.isfile(f)]
        for other in others:
            if not self.is_excluded(other) and self.has_plain_name(other):
                self.layout.add(other, [other])

    def give_up(self, path: str, why: str) -> None:
        """Takes a library out of the pack that turned out to be of no use."""
        target = self.blends[path]
        self.layout.files.pop(target, None)
        self.missing.append({"path": path, "owner": ["LIBRARY", os.path.basename(path)], "library": "", "kind": "library", "why": why})

    def is_excluded(self, path: str) -> bool:
        """Reports whether a pattern matches the path in the pack, the whole path, or the name."""
        names = (fold(self.layout.target(path)), fold(path.replace(os.sep, "/")), fold(os.path.basename(path)))
        for pattern in self.exclude:
            folded = fold(pattern.replace(os.sep, "/")).rstrip("/")
            if any(fnmatch.fnmatchcase(name, folded) or fnmatch.fnmatchcase(name, folded + "/*") for name in names):
                return True
        return False

    def miss(self, ref: Reference, why: str, path: str = "") -> None:
        """Notes that something is needed and cannot be packed."""
        entry = {"path": path or ref.path, "owner": list(ref.owner), "library": ref.library, "kind": ref.kind, "why": why}
        if entry not in self.missing:
            self.missing.append(entry)

    def check_against_blender(self) -> None:
        """Compares with the paths that Blender itself knows of."""
        known, names = {path for path, _, _ in self.needed}, set()
        for ref in refs.references():
            known.add(ref.path)
            if ref.kind == "sound":  # its strips remember where it was when they were made
                names.add(os.path.basename(ref.path))
        folders = tuple(path + os.sep for path, shape, _ in self.needed if shape == files.FOLDER)
        for raw in bpy.utils.blend_paths(absolute=False, packed=True, local=True):
            path = files.resolve(raw, os.path.dirname(self.blend))
            # The .blend files that brushes come from are known to Blender as well; data that
            # is linked for anything else has its library.
            if path.lower().endswith(".blend"):
                continue
            if path in known or path.startswith(folders) or os.path.basename(path) in names or not os.path.isfile(path):
                continue
            self.warnings.append("%s is used in a way that Farm does not know, and is not packed" % path)

    def rewrite(self, path: str) -> None:
        """Saves a copy of a .blend, if paths in it have to change."""
        self.open(path)
        target = self.blends[path]
        changes = []
        for ref in refs.references():
            if ref.put is None or ref.packed:
                continue
            # Linked data is stored in its own file; the paths of all libraries
            # are stored in each file that uses them.
            if ref.library and ref.kind not in ("library", "archive") or is_inherited(ref):
                continue
            wanted = self.wanted(ref, self.base(ref, target))
            if wanted != ref.raw.replace("\\", "/"):
                changes.append((ref, wanted))
        renamed = [r for r in refs.references() if r.names and not ref_names_stay(r)]
        if not changes and not renamed:
            return
        looked_at = [(ref, wanted) for ref, wanted in changes if is_looked_at(ref)]
        stage = self.stage(target, looked_at) if looked_at else ""
        for ref, wanted in changes:
            ref.put(wanted)
        self.rewritten[target] = self.save(path, [wanted for _, wanted in changes])
        if stage:
            shutil.rmtree(stage)

    def stage(self, blend_target: str, looked_at: list) -> str:
        """Makes the open .blend one in a folder where the files of references are in their new places."""
        folder = tempfile.mkdtemp(prefix="stage-", dir=self.work)
        blend = os.path.join(folder, *blend_target.split("/"))
        os.makedirs(os.path.dirname(blend), exist_ok=True)
        for ref, wanted in looked_at:
            beside = os.path.join(folder, *posixpath.dirname(self.base(ref, blend_target)).split("/"))
            for source in ref.files():
                place = os.path.normpath(os.path.join(beside, os.path.dirname(wanted[2:]), portable(os.path.basename(source))))
                os.makedirs(os.path.dirname(place), exist_ok=True)
                link(source, place)
        asleep.move_to(blend)
        return folder

    def base(self, ref: Reference, blend_target: str) -> str:
        """Returns the .blend in the pack that a path in the .blend at a target is relative to."""
        library = None if isinstance(ref.id, bpy.types.Library) else ref.id.library
        if library is not None and is_archive(library):
            return self.library_target(library_path(library))
        return blend_target

    def library_target(self, path: str) -> str:
        """Returns the place of a library, which need not be in the pack if its data is."""
        return self.blends.get(path) or self.layout.target(path)

    def save(self, path: str, changes: List[str]) -> str:
        """Saves the open .blend as a copy in the work folder, unless it is there already.

        Blender never writes the same bytes twice, and a store of contents would
        upload a library again for each submission: callers that keep the work
        folder get the same copy as long as nothing has changed.
        """
        stat = os.stat(path)
        made_of = [path, stat.st_size, stat.st_mtime_ns, bpy.app.version_string, self.layout.root, *changes]
        copy = os.path.join(self.work, digest("\0".join(map(str, made_of))) + ".blend")
        if not os.path.exists(copy):
            part = os.path.join(self.work, "part-%d.blend" % os.getpid())
            asleep.save_copy(part, is_compressed(path))
            os.replace(part, copy)
        else:
            os.utime(copy)  # callers remove what was not used for long
        return copy

    def wanted(self, ref: Reference, blend_target: str) -> str:
        """Returns what a reference in the .blend at a target should say."""
        raw = ref.raw.replace("\\", "/")
        if ref.kind == "archive":
            return relative(self.library_target(ref.path), blend_target)
        place = self.needed.get(ref.key)
        if place is not None and place.target is not None:
            wanted = relative(place.target, blend_target)
            return wanted + "/" if raw.endswith("/") and not wanted.endswith("/") else wanted
        # A relative path out of the project leads nowhere from a copy, but the
        # farm may see what was left out where it is now.
        if place is not None and place.left_out and files.is_relative(ref.raw) and not inside(ref.path, self.root):
            return ref.path.replace(os.sep, "/")
        return raw

    def listed(self) -> List[dict]:
        """Returns the files of the pack, sorted by their targets."""
        listed = []
        for target, source in sorted(self.layout.files.items()):
            copy = self.rewritten.get(target)
            listed.append({"source": copy or source, "target": target, "size": os.stat(copy or source).st_size, "rewritten": copy is not None})
        return listed


def is_open(path: str) -> bool:
    """Reports whether a .blend is the one that is open."""
    return os.path.exists(bpy.data.filepath) and os.path.samefile(bpy.data.filepath, path)


def link(source: str, place: str) -> None:
    """Makes a file appear in another place: as a link if the system lets us, else as a copy."""
    for make in (os.symlink, os.link, shutil.copyfile):
        try:
            make(source, place)
            return
        except FileExistsError:
            return
        except OSError:
            continue


def cannot_open(path: str, said: str) -> PlanError:
    """Explains why Blender did not open a .blend."""
    reason = said.strip()
    if reason.startswith("Error: "):
        reason = reason[len("Error: "):]
    if any(words in reason for words in ("not a blend file", "format is not supported", "newer version of Blender")):
        return PlanError("the Blender here (%s) cannot read %s: it is not a .blend file, or was saved by a much newer Blender"
                         % (bpy.app.version_string, path), blender=True)
    return PlanError("%s is damaged: Blender says %s; take a backup (.blend1), or save the file again" % (path, reason))


def relative(target: str, blend_target: str) -> str:
    """Returns the path from a .blend in the pack to another file in it, in Blender's notation."""
    return "//" + posixpath.relpath(target or ".", posixpath.dirname(blend_target) or ".")


def is_looked_at(ref: Reference) -> bool:
    """Reports whether Blender looks at the files as soon as the path changes.

    It takes the sequence of a clip that it does not find for a movie, and
    drops the views of an image that it does not find.
    """
    return isinstance(ref.id, bpy.types.MovieClip) and ref.kind == "sequence" or isinstance(ref.id, bpy.types.Image) and ref.id.use_multiview


def is_inherited(ref: Reference) -> bool:
    """Reports whether a path in an override is that of what it overrides, and stored there."""
    override = getattr(ref.id, "override_library", None)
    if override is None:
        return False
    paths = [p.rna_path for p in override.properties]
    return not any(p.endswith(("filepath", "directory")) for p in paths)


def ref_names_stay(ref: Reference) -> bool:
    """Reports whether the files of an image strip keep their names in a pack."""
    return all(portable(name) == name for name in ref.names)


def magic(path: str) -> bytes:
    """Returns how a file begins."""
    try:
        with open(path, "rb") as file:
            return file.read(7)
    except OSError:
        return b""


def is_blend(path: str) -> bool:
    """Reports whether a file begins like a .blend, compressed or not."""
    return magic(path).startswith((b"BLENDER", b"\x28\xb5\x2f\xfd", b"\x1f\x8b"))


def is_compressed(path: str) -> bool:
    """Reports whether a .blend is compressed."""
    return not magic(path).startswith(b"BLENDER")
