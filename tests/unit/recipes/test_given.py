# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a user's own a step is given: files, and folders that are laid over the finished system."""

import os
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from ruckus_aux.recipes.given import check_laid_over, check_new_user, give_copy, given_hash
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.step_name import StepName

LINKS = ("bin", "lib64")
RECIPE = """
from ruckus_aux.recipes.recipe import Recipe
recipe = Recipe("over")

@recipe.step("stage1", replaces=("stage1/*",), when=lambda settings: settings.overlay is not None)
def over(sh):
    sh.sh(f'tar -xf {sh.given(sh.settings.overlay)} -C "$OUT"')
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    top = tmp_path / "mine"
    (top / "etc").mkdir(parents=True)
    (top / "etc" / "motd").write_text("hello\n")
    (top / "etc" / "secret").write_text("key\n")
    (top / "etc" / "secret").chmod(0o600)
    (top / "etc" / "issue").symlink_to("motd")
    (top / "etc" / "os-release").symlink_to("../usr/lib/os-release")
    return top


def errors(folder: Path) -> str:
    with pytest.raises(RuckusError) as caught:
        check_laid_over("--with-overlay", folder, LINKS)
    return f"{caught.value.message}\n{caught.value.hint}"


def test_a_plain_folder_is_fine(folder: Path) -> None:
    check_laid_over("--with-overlay", folder, LINKS)


@pytest.mark.parametrize("target", ["../../passwd", "/etc/passwd", "motd/../../../x"])
def test_a_link_that_leads_out_of_it_is_named(folder: Path, target: str) -> None:
    (folder / "etc" / "wrong").symlink_to(target)
    assert f"{folder}/etc/wrong leads out of the folder, to {target}" in errors(folder)


def test_all_that_is_wrong_is_named(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "bin").mkdir()
    (folder / "etc" / "motd").chmod(0o4755)
    (folder / "etc" / "secret").chmod(0o2755)
    text = errors(folder)
    assert f"{folder}/pipe is a FIFO" in text
    for name in ("motd", "secret"):
        assert f"{folder}/etc/{name} is set-uid or set-gid\n" in text
    assert f"{folder}/bin: /bin is a link in the system" in text
    assert "lay it over usr/bin" in text
    assert "'/nowhere' is not a folder" in errors(Path("/nowhere"))


def test_what_has_the_name_of_a_link_of_the_system_is_refused_whatever_it_is(folder: Path) -> None:
    (folder / "bin").touch()
    (folder / "lib64").symlink_to("nowhere")
    text = errors(folder)
    assert f"{folder}/bin: /bin is a link in the system" in text
    assert f"{folder}/lib64: /lib64 is a link in the system" in text


@pytest.mark.parametrize(
    "name", ["usr", "etc", "root", "home", "tmp", "dev", "var/log", "usr/bin", "boot/grub", "etc/rc.d/boot.d"]
)
def test_what_is_a_folder_in_the_system_has_to_be_one(tmp_path: Path, name: str) -> None:
    path = tmp_path / "mine" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    assert f"{path} is a file, and /{name} in the system is a folder" in errors(tmp_path / "mine")
    path.unlink()
    path.symlink_to("srv")
    assert f"{path} is a symbolic link, and /{name} in the system is a folder" in errors(tmp_path / "mine")


@pytest.mark.parametrize("name", ["etc/passwd", "etc/hosts", "etc/mtab", "var/run", "boot/grub/grub.cfg"])
def test_what_is_none_in_the_system_can_not_be_a_folder(folder: Path, name: str) -> None:
    (folder / name).mkdir(parents=True)
    assert f"{folder / name} is a folder, and /{name} in the system is none" in errors(folder)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may enter everything")
@pytest.mark.parametrize("mode", [0o000, 0o200, 0o400, 0o100])
@pytest.mark.parametrize("name", ["", "home/me"])
def test_a_folder_that_can_not_be_read_is_not_an_empty_one(folder: Path, mode: int, name: str) -> None:
    path = folder / name
    path.mkdir(parents=True, exist_ok=True)
    (path / "file").touch()
    path.chmod(mode)
    text = errors(folder)
    path.chmod(0o755)
    assert "this user can't read" in text
    assert str(path) in text
    assert "mistakes" not in text


@pytest.mark.skipif(os.geteuid() == 0, reason="root may enter everything")
def test_a_folder_that_can_not_be_reached(folder: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o000)
    text = errors(folder)
    tmp_path.chmod(0o755)
    assert text.startswith(f"--with-overlay: {folder}: Permission denied")


def test_a_passwd_of_its_own_has_the_user(folder: Path) -> None:
    passwd = folder / "etc" / "passwd"
    check_laid_over("--with-overlay", folder, LINKS, "me")
    passwd.write_bytes(b"root:x:0:0:r\xf6\xf6t:/root:/bin/sh\nme2:x:1000:999::/home/me:/bin/sh\n")
    check_laid_over("--with-overlay", folder, LINKS)
    with pytest.raises(RuckusError, match=f"--with-overlay: {passwd} has no 'me', whom --with-user names"):
        check_laid_over("--with-overlay", folder, LINKS, "me")
    passwd.write_text("root:x:0:0:root:/root:/bin/sh\nme:x:1000:999::/home/me:/bin/sh\n")
    check_laid_over("--with-overlay", folder, LINKS, "me")


def test_its_hash_is_that_of_names_contents_and_modes(folder: Path) -> None:
    before = given_hash(folder)
    os.utime(folder / "etc" / "motd", (1, 1))
    (folder / "etc" / "motd").chmod(0o664)  # another umask
    (folder / "etc").chmod(0o2775)  # below a folder whose group is that of all that is in it
    assert given_hash(folder) == before
    (folder / "etc" / "motd").chmod(0o600)
    assert given_hash(folder) != before


def test_a_step_gets_it_as_it_is(folder: Path, tmp_path: Path) -> None:
    give_copy(folder, tmp_path)
    assert (tmp_path / "mine.tar").stat().st_mode & 0o777 == 0o644
    with tarfile.open(tmp_path / "mine.tar") as archive:
        assert archive.getmember("./etc/secret").mode == 0o600
        assert archive.getmember("./etc/issue").linkname == "motd"


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755])
def test_a_file_has_one_mode_as_its_hash_knows_of_none(folder: Path, tmp_path: Path, mode: int) -> None:
    before = given_hash(folder / "etc" / "motd")
    (folder / "etc" / "motd").chmod(mode)  # on vfat, all are 0755
    assert given_hash(folder / "etc" / "motd") == before
    give_copy(folder / "etc" / "motd", tmp_path)
    assert (tmp_path / "motd").stat().st_mode & 0o777 == 0o644


def test_it_is_in_the_key_and_replaces_all_other_steps(settings: Settings, recipes: Path, folder: Path) -> None:
    (recipes / "over.py").write_text(RECIPE)
    name = StepName("x86_64/stage1/over")
    assert name not in evaluate(settings).steps
    settings = replace(settings, overlay=folder)
    step = evaluate(settings)[name]
    assert (step.replaces, step.key) == (("x86_64/stage1/pigz",), evaluate(settings)[name].key)
    (folder / "etc" / "motd").write_text("hello again\n")
    assert evaluate(settings)[name].key != step.key


@pytest.mark.parametrize(("name", "file"), [("root", "passwd"), ("wheel", "group")])
def test_a_user_who_is_in_every_system_is_no_new_one(name: str, file: str, tmp_path: Path) -> None:
    accounts = tmp_path / "passwd", tmp_path / "group"
    accounts[0].write_text("root:x:0:0:root:/root:/bin/bash\n")
    accounts[1].write_text("root:x:0:\nwheel:x:97:\n")
    check_new_user("--with-user", "roo", *accounts)
    with pytest.raises(RuckusError, match=f"--with-user: '{name}' is in every system's {file}"):
        check_new_user("--with-user", name, *accounts)
