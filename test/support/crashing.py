"""A disk that a test watches: writers that die at any call, and power cuts at any moment.

`os` is patched, through which all files are written; whoever opens a file for writing in another
way is told off.
"""

import builtins
import errno
import io
import os
from contextlib import contextmanager
from pathlib import Path

CALLS = ("open", "write", "fsync", "rename", "replace", "link", "unlink", "remove", "mkdir",
         "rmdir")


class Killed(BaseException):
    """The process that writes is no more."""


class Watched:
    """Counts the calls that change files below ``top``, keeps a record, and ends the writer.

    ``dies_at``: the number of the call, from 1, that kills it; half of a write is done.
    ``fails_at``: the number of the call that fails as on a full disk.
    """

    def __init__(self, top, dies_at=None, fails_at=None):
        self.top = os.path.realpath(top)
        self.calls = 0
        self.record = []
        """(operation, arguments) of all that was done."""
        self._dies_at = dies_at
        self._fails_at = fails_at
        self._dead = False
        self._real = {name: getattr(os, name) for name in CALLS}
        self._files = {}

    @contextmanager
    def watching(self):
        opened = builtins.open, io.open
        for name in CALLS:
            setattr(os, name, getattr(self, f"_{name}"))
        builtins.open = io.open = self._refuse_other_writers(opened[0])
        try:
            yield self
        finally:
            for name, function in self._real.items():
                setattr(os, name, function)
            builtins.open, io.open = opened

    def _refuse_other_writers(self, opened):
        def look(file, mode="r", *arguments, **options):
            ours = isinstance(file, (str, Path)) and self._is_ours(os.path.realpath(file))
            assert not (ours and set(mode) & set("wax+")), f"{file} is written in another way"
            return opened(file, mode, *arguments, **options)
        return look

    def _is_ours(self, path):
        return path == self.top or path.startswith(self.top + os.sep)

    def _path(self, path, dir_fd=None):
        """Return the full path, without following a link at its end."""
        folder = "" if dir_fd is None else os.readlink(f"/proc/self/fd/{dir_fd}")
        whole = os.path.join(folder, os.fspath(path))
        return os.path.join(os.path.realpath(os.path.dirname(whole)), os.path.basename(whole))

    def _step(self, half=lambda: None):
        """Count a call; at the fatal one, ``half`` is all that is done of it."""
        if self._dead:
            raise Killed
        self.calls += 1
        if self.calls == self._dies_at:
            half()
            self._dead = True
            raise Killed
        if self.calls == self._fails_at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _open(self, path, flags, mode=0o777, *, dir_fd=None):
        place = self._path(path, dir_fd)
        if not self._is_ours(place) or not flags & (os.O_CREAT | os.O_WRONLY | os.O_RDWR):
            file = self._real["open"](path, flags, mode, dir_fd=dir_fd)
            self._files[file] = place
            return file
        assert not os.path.lexists(place) or flags & (os.O_EXCL | os.O_NOFOLLOW), place
        self._step()
        is_new = not os.path.lexists(place)
        file = self._real["open"](path, flags, mode, dir_fd=dir_fd)
        self._files[file] = place
        if is_new:
            self.record.append(("create", place))
        return file

    def _write(self, file, data):
        place = self._files.get(file)
        if place is None:
            return self._real["write"](file, data)
        part = bytes(data)[:len(data) // 2]

        def half():
            self._real["write"](file, part)
            self.record.append(("write", place, part))

        self._step(half)
        # A call may write less than it was given.
        done = self._real["write"](file, bytes(data)[:max(1, len(data) // 3)])
        self.record.append(("write", place, bytes(data)[:done]))
        return done

    def _fsync(self, file):
        self._step()
        self.record.append(("fsync", self._files[file]))

    def _rename(self, source, target, *, src_dir_fd=None, dst_dir_fd=None):
        self._step()
        self._real["rename"](source, target, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)
        self.record.append(("rename", self._path(source, src_dir_fd),
                            self._path(target, dst_dir_fd)))

    _replace = _rename

    def _link(self, *arguments, **options):
        raise AssertionError("nobody makes links")

    def _unlink(self, path, *, dir_fd=None):
        self._step()
        self._real["unlink"](path, dir_fd=dir_fd)
        self.record.append(("unlink", self._path(path, dir_fd)))

    _remove = _unlink

    def _mkdir(self, path, mode=0o777, *, dir_fd=None):
        self._step()
        self._real["mkdir"](path, mode, dir_fd=dir_fd)
        self.record.append(("mkdir", self._path(path, dir_fd)))

    def _rmdir(self, path, *, dir_fd=None):
        self._step()
        self._real["rmdir"](path, dir_fd=dir_fd)
        self.record.append(("unlink", self._path(path, dir_fd)))


class _File:
    def __init__(self, data=b""):
        self.data = self.lasting = data


class _Folder:
    def __init__(self):
        self.entries = {}
        self.lasting = {}
        self.pending = []
        """Changes of names that a power cut may still undo, each with or without the others."""

    def change(self, name, what):
        self.pending.append((name, what))
        if what is None:
            self.entries.pop(name, None)
        else:
            self.entries[name] = what

    def settle(self):
        self.lasting = dict(self.entries)
        self.pending.clear()

    def after(self, kept):
        """Return what is there if, of the changes that do not last, the numbers ``kept`` do."""
        entries = dict(self.lasting)
        for number, (name, what) in enumerate(self.pending):
            if number in kept:
                if what is None:
                    entries.pop(name, None)
                else:
                    entries[name] = what
        return entries


class PowerCuts:
    """What may be on a disk after a power cut, for a record of what was done to it.

    What has been brought to the disk by fsync lasts: of a file, its content; of a folder, its
    names.  Of the rest anything may be there, and anything not.
    """

    def __init__(self, top):
        """Begin with what is below ``top``, all of which lasts."""
        self._top = os.path.realpath(top)
        self._root = self._load(Path(self._top))

    def _load(self, path):
        folder = _Folder()
        for each in path.iterdir():
            folder.entries[each.name] = self._load(each) if each.is_dir() \
                else _File(each.read_bytes())
        folder.settle()
        return folder

    def _find(self, path):
        found = self._root
        for name in Path(path).relative_to(self._top).parts:
            found = found.entries[name]
        return found

    def do(self, operation, path, *more):
        """Do one operation of a record."""
        name, folder = os.path.basename(path), None
        if path != self._top:
            folder = self._find(os.path.dirname(path))
        if operation == "create":
            folder.change(name, _File())
        elif operation == "mkdir":
            folder.change(name, _Folder())
        elif operation == "unlink":
            folder.change(name, None)
        elif operation == "write":
            self._find(path).data += more[0]
        elif operation == "fsync":
            found = self._find(path)
            if isinstance(found, _Folder):
                found.settle()
            else:
                found.lasting = found.data
        elif operation == "rename":
            target = self._find(os.path.dirname(more[0]))
            moved = folder.entries[name]
            folder.change(name, None)
            target.change(os.path.basename(more[0]), moved)
        else:
            raise AssertionError(operation)

    def worlds(self):
        """Yield what may be there, ``{name: bytes or such a dictionary}``: typical extremes.

        All lasts; what must last alone does; each change of a name alone is lost, or alone kept.
        """
        pending = [(folder, number) for folder in self._folders(self._root)
                   for number in range(len(folder.pending))]
        choices = [set(), set(pending), *({each} for each in pending),
                   *(set(pending) - {each} for each in pending)]
        for choice in choices:
            for all_data in (False, True):
                yield self._world(self._root, choice, all_data)

    def _folders(self, folder):
        yield folder
        for each in {*folder.entries.values(), *folder.lasting.values()}:
            if isinstance(each, _Folder):
                yield from self._folders(each)

    def _world(self, folder, choice, all_data):
        entries = folder.after({number for each, number in choice if each is folder})
        return {name: self._world(each, choice, all_data) if isinstance(each, _Folder)
                else (each.data if all_data else each.lasting)
                for name, each in entries.items()}


def put(world, folder):
    """Write a world into a new folder."""
    folder.mkdir()
    for name, content in world.items():
        if isinstance(content, dict):
            put(content, folder / name)
        else:
            (folder / name).write_bytes(content)
