"""The memory that may still be used is that of the machine, or of the container if it has less."""

from pathlib import Path

from handrail.system.memory import available_bytes

MIB = 1 << 20


def machine(tmp_path: Path, available_mib: int) -> Path:
    path = tmp_path / "meminfo"
    path.write_text(f"MemTotal: 99999999 kB\nMemAvailable: {available_mib * 1024} kB\n")
    return path


def cgroup(tmp_path: Path, most: str, used: int = 0, caches: int = 0) -> Path:
    folder = tmp_path / "cgroup"
    folder.mkdir()
    (folder / "memory.max").write_text(f"{most}\n")
    (folder / "memory.current").write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 1\ninactive_file {caches}\n")
    return folder


def test_a_container_may_have_less_than_the_machine(tmp_path: Path) -> None:
    small = cgroup(tmp_path, str(1000 * MIB), used=700 * MIB, caches=100 * MIB)

    assert available_bytes(meminfo=machine(tmp_path, 5000), cgroup=small) == 400 * MIB


def test_a_container_without_a_limit_has_what_the_machine_has(tmp_path: Path) -> None:
    free = cgroup(tmp_path, "max")

    assert available_bytes(meminfo=machine(tmp_path, 5000), cgroup=free) == 5000 * MIB


def test_where_nothing_is_told_nothing_is_known(tmp_path: Path) -> None:
    assert available_bytes(meminfo=tmp_path / "none", cgroup=tmp_path / "none") is None
