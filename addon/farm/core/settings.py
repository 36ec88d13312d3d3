# SPDX-License-Identifier: GPL-3.0-or-later
"""What a job type asks for: which settings are shown, what they begin with, and what is submitted.

The rules are those of Flamenco's add-on, which scripts of job types are written for:

- `visible` and `submission` settings are shown before submitting, `web` and `hidden` ones are not.
- `eval` is a Python expression. Shown settings that are empty get its value once, when the job type
  is chosen; a button evaluates it again. With `evalInfo.showLinkButton` the setting can be linked,
  and then always has the expression's value.
- What is not shown has, when it is submitted, the value of its `eval`, else its `default`.
"""

from __future__ import annotations

import contextlib
import hashlib
import keyword
import pathlib
from typing import Any, Callable, Iterator, Mapping, Protocol

from .errors import FarmError
from .names import folder_name
from .wire import JobType, Setting

KINDS: dict[str, type] = {"string": str, "int32": int, "float": float, "bool": bool}
WORDS = {"string": "a text", "int32": "a whole number", "float": "a number", "bool": "yes or no"}
EMPTY: dict[str, Any] = {"string": "", "int32": 0, "float": 0.0, "bool": False}
INT32 = 2**31 - 1
DUMMY = "dummy-for-job-check.blend"  # the file's name while nobody knows where it will be

# Names that every group of properties in Blender has already.
TAKEN = {
    "name", "bl_rna", "rna_type", "id_data", "keys", "items", "values", "get", "pop", "as_pointer", "bl_system_properties_get",
    "driver_add", "driver_remove", "is_property_hidden", "is_property_overridable_library", "is_property_readonly", "is_property_set",
    "keyframe_delete", "keyframe_insert", "path_from_id", "path_from_module", "path_resolve", "property_overridable_library_set",
    "property_unset", "rna_ancestors", "type_recast", "id_properties_clear", "id_properties_ensure", "id_properties_ui"
}


def problem(job_type: JobType) -> str:
    """Says why a job type cannot be used, "" if it can."""
    seen = set()
    for s in job_type.settings:
        if s.type not in KINDS:
            return f"Job type {job_type.label!r} is left out: its setting {s.key!r} is a {s.type!r}, which this add-on does not know"
        if s.key in seen:
            return f"Job type {job_type.label!r} is left out: it has two settings {s.key!r}"
        seen.add(s.key)
    return ""


def is_shown(s: Setting) -> bool:
    return s.visible in ("visible", "submission")


def is_linkable(s: Setting) -> bool:
    return bool(s.eval) and s.eval_info.link_button


def is_choice(s: Setting) -> bool:
    """Whether the setting is one of a few strings. Blender has no choice without a name."""
    return s.type == "string" and bool(s.choices) and all(s.choices)


def label(s: Setting) -> str:
    return s.label or s.key.replace("_", " ").strip().title() or s.key


def property_name(key: str) -> str:
    """Returns the name under which Blender has a setting: its key, unless it can be no name there."""
    if key.isidentifier() and key.isascii() and not keyword.iskeyword(key) and len(key) < 50 and key not in TAKEN and not key.startswith(("_", "autoeval_")):
        return key
    return "setting_" + hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:12]


def convert(s: Setting, value: Any) -> Any:
    """Returns a value as the setting's type; FarmError if it cannot be that."""
    try:
        if value is None:
            return EMPTY[s.type]
        converted = KINDS[s.type](value)
        if s.type == "int32" and not -INT32 - 1 <= converted <= INT32:
            raise ValueError("it is out of range")
        return converted
    except (TypeError, ValueError, OverflowError) as e:
        raise FarmError(f"Setting “{label(s)}” must be {WORDS[s.type]}, and {value!r} is none: {e}") from None


def default(s: Setting) -> Any:
    """Returns what the setting begins with, or the empty value of its type."""
    try:
        value = convert(s, s.default)
    except FarmError:
        return EMPTY[s.type]
    return value if not is_choice(s) or value in s.choices else s.choices[0]


def limits(s: Setting) -> dict[str, Any]:
    """Returns those of propargs that a number's property can have; what does not fit is left out."""
    if s.type not in ("int32", "float"):
        return {}
    kind: Callable[[Any], Any] = int if s.type == "int32" else float
    allowed = {"min": kind, "max": kind, "soft_min": kind, "soft_max": kind, "step": int}
    if s.type == "float":
        allowed["precision"] = int
    out = {}
    for name, make in allowed.items():
        value = s.propargs.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= INT32:
            out[name] = make(value)
    if out.get("step", 1) < 1 or not 0 <= out.get("precision", 2) <= 6:
        out.pop("step", None), out.pop("precision", None)
    return out


class Store(Protocol):
    """Where the values of one job type's settings are kept, and whether they are linked to their expression."""

    def get(self, s: Setting) -> Any: ...
    def set(self, s: Setting, value: Any) -> None: ...
    def linked(self, s: Setting) -> bool: ...
    def link(self, s: Setting, on: bool) -> None: ...


class View:
    """The values of settings as attributes, which expressions and scripts have as "settings", and by key."""

    __slots__ = ("__values",)

    def __init__(self, values: Values) -> None:
        object.__setattr__(self, "_View__values", values)

    def __getattr__(self, key: str) -> Any:
        return self.__values.value(self.__values.setting(key))

    def __setattr__(self, key: str, value: Any) -> None:
        self.__values.set(self.__values.setting(key), value)

    __getitem__, __setitem__ = __getattr__, __setattr__

    def __dir__(self) -> list[str]:
        return [s.key for s in self.__values.job_type.settings]

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dir__())


class Values:
    """The values of a job type's settings: those that are kept, and those that expressions give.

    names are what expressions may use besides the settings, such as bpy, C and jobname.
    """

    def __init__(self, job_type: JobType, store: Store, names: Mapping[str, Any]) -> None:
        self.job_type = job_type
        self._store = store
        self._names = names
        self._under_way: list[str] = []  # settings whose expressions are being evaluated

    def setting(self, key: str) -> Setting:
        s = self.job_type.setting(key)
        if s is None:
            raise AttributeError(f"the job type “{self.job_type.label}” has no setting {key!r}")
        return s

    def set(self, s: Setting, value: Any) -> None:
        """Keeps a value; a linked setting is unlinked by it."""
        if not is_stored(s):
            raise FarmError(f"Setting “{label(s)}” cannot be set: {'it is made from others' if s.eval else 'its job type decides it'}")
        value = convert(s, value)
        if is_choice(s) and value not in s.choices:
            raise FarmError(f"Setting “{label(s)}” cannot be {value!r}; its choices are {', '.join(s.choices)}")
        self._store.set(s, value)
        if is_linkable(s):
            self._store.link(s, False)

    def is_automatic(self, s: Setting) -> bool:
        """Whether the setting has its expression's value, whatever is kept."""
        return bool(s.eval) and (not is_stored(s) or is_linkable(s) and self._store.linked(s))

    def value(self, s: Setting) -> Any:
        """Returns the setting's value now; FarmError if its expression fails."""
        if self.is_automatic(s):
            return self.evaluate(s)
        return self._store.get(s) if is_stored(s) else default(s)

    def evaluate(self, s: Setting) -> Any:
        """Returns the value of the setting's expression."""
        if s.key in self._under_way:
            raise FarmError(f"Setting “{label(s)}”: its expression needs its own value")
        self._under_way.append(s.key)
        try:
            return convert(s, eval(s.eval, {**self._names, "settings": View(self)}))  # noqa: S307: job types come from the farm, whose workers run what they say
        except FarmError:
            raise
        except Exception as e:
            raise FarmError(f"Setting “{label(s)}”: the expression {s.eval!r} failed: {type(e).__name__}: {e}") from e
        finally:
            self._under_way.pop()

    def fill(self) -> None:
        """Gives empty settings the value of their expression, as when the job type is chosen. What fails stays empty."""
        for s in self.job_type.settings:
            if s.eval and is_stored(s) and not self._store.get(s):
                with contextlib.suppress(FarmError):
                    self._store.set(s, self.evaluate(s))

    def submitted(self) -> dict[str, Any]:
        """Returns what to submit. blendfile, if the job type has it, is for the caller to fill in."""
        out = {s.key: convert(s, self.value(s)) for s in self.job_type.settings if s.key != "blendfile"}
        empty = [label(s) for s in self.job_type.settings if s.required and out.get(s.key) == ""]
        if empty:
            raise FarmError(f"The job type “{self.job_type.label}” needs a value for {', '.join(empty)}; fill it in, and submit again")
        # A setting that nobody can have filled in, and that says nothing, is left to the job type.
        return {key: value for key, value in out.items() if not _says_nothing(self.setting(key))}


def is_stored(s: Setting) -> bool:
    """Whether the artist can give the setting a value."""
    return is_shown(s) and s.editable


def _says_nothing(s: Setting) -> bool:
    return not is_stored(s) and not s.eval and s.default is None


def with_blendfile(job_type: JobType, values: dict[str, Any], path: str) -> dict[str, Any]:
    """Returns the settings with the file's path on the farm, if the job type has a place for it."""
    s = job_type.setting("blendfile")
    return {**values, "blendfile": path} if s is not None and s.type == "string" else values


def last_n_dir_parts(blend: pathlib.PurePath) -> Callable[..., pathlib.PurePath]:
    """Returns the function of that name for expressions: the last folders that a file is in."""

    def function(n: int, file_path: Any = None) -> pathlib.PurePath:
        if n <= 0:
            return type(blend)()
        folder = type(blend)(file_path).parent if file_path else blend.parent
        parts = [part for part in folder.parts if part != folder.anchor]
        return type(blend)(*map(folder_name, parts[-n:]))

    return function


def renders_folder(storage: str) -> str:
    """Returns where renders go unless the artist says something else; the command line puts them there too."""
    kind = pathlib.PureWindowsPath if "\\" in storage or storage[1:2] == ":" else pathlib.PurePosixPath
    return str(kind(storage) / "renders")
