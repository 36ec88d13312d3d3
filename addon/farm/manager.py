# SPDX-License-Identifier: GPL-3.0-or-later
"""The manager that this Blender uses, and what it knows of it."""

import os
import pathlib
import platform

import bpy

from . import fields
from .core import cache, settings
from .core.cache import ManagerInfo
from .core.client import Client
from .core.proof import Proof
from .core.wire import JobType
from .core.work import Work

DEFAULT_URL = "http://localhost:8080"
PLATFORM = platform.system().lower()  # linux, windows, darwin: as the protocol has them
PREFERRED_TYPE = "simple-blender-render"  # chosen when nobody has chosen

info = ManagerInfo()


def _built_in(name: str) -> str:
    try:
        return (pathlib.Path(__file__).parent / name).read_text("utf-8").strip()
    except OSError:
        return ""


def built_in_url() -> str:
    """Returns the address of the manager that this add-on was downloaded from."""
    return _built_in("manager_url.txt") or DEFAULT_URL


def built_in_fingerprint() -> str:
    """Returns the fingerprint of that manager's certificate, "" if the system knows it."""
    return _built_in("manager_fingerprint.txt")


def preferences():
    """Returns the add-on's preferences, None while it is not enabled as an add-on."""
    addon = bpy.context.preferences.addons.get(__package__)
    return addon.preferences if addon else None


def url() -> str:
    """Returns the manager's address: FARM_MANAGER, as for the command line, else the preferences."""
    prefs = preferences()
    return os.environ.get("FARM_MANAGER") or (prefs.manager_url if prefs else "") or built_in_url()


def proof() -> Proof:
    """Returns what to send and to expect: FARM_KEY and FARM_FINGERPRINT, as for the command line, else the preferences."""
    prefs = preferences()
    fingerprint = prefs.manager_fingerprint if prefs else ""
    return Proof(os.environ.get("FARM_KEY") or (prefs.farm_key if prefs else ""), os.environ.get("FARM_FINGERPRINT") or fingerprint)


def client(work: Work, **more) -> Client:
    # Before 4.2 Blender did not ask whether it may go online.
    return Client(url(), work, only_local=not getattr(bpy.app, "online_access", True), proof=proof(), **more)


def folder() -> pathlib.Path:
    """Returns the folder for what the add-on remembers."""
    if __package__.startswith("bl_ext."):
        return pathlib.Path(bpy.utils.extension_path_user(__package__, create=True))
    return pathlib.Path(bpy.utils.user_resource("CONFIG", path="farm", create=True))


def _cache_file() -> pathlib.Path:
    return folder() / "manager.json"


def kept() -> ManagerInfo:
    """Returns what the manager said some other day."""
    address = url()
    try:
        address = Client(address).url
    except Exception:  # an address that is none, which the next question will tell
        return ManagerInfo(address)
    return cache.load(_cache_file(), address)


def adopt(new: ManagerInfo) -> None:
    """Takes in what a manager has: its job types' settings become properties."""
    global info
    info = new
    fields.register(new.job_types)


def remember(new: ManagerInfo) -> None:
    try:
        cache.save(_cache_file(), new)
    except OSError as e:
        print(f"Farm: what the manager has cannot be kept: {e}")


def job_type(scene) -> "JobType | None":
    """Returns the job type of a scene: the chosen one, or, if nobody chose, the usual one."""
    return info.job_type(scene.farm.stored_type or PREFERRED_TYPE)


def renders_folder() -> str:
    """Returns where renders go unless the artist says something else; "" while the storage is not known."""
    return settings.renders_folder(info.storage.root) if info.storage else ""
