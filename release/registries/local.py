"""The local registry behind the interface; what it does is in ``release.registry``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from release import registry
from release.registries.interface import Published


@dataclass(frozen=True)
class Local:
    """A folder. Publishers on several machines need a file system that locks across them."""

    root: Path

    @property
    def where(self) -> str:
        return str(self.root)

    def publish(self, made: Path) -> Published:
        return registry.publish(made, self.root)

    def names(self) -> list[str]:
        return registry.names(self.root)

    def versions(self, name: str) -> list[str]:
        return registry.versions(self.root, name)

    def aliases(self, name: str) -> dict[str, str]:
        return registry.aliases(self.root, name)

    def move_alias(self, name: str, alias: str, version: str | None, expected: str | None) -> None:
        registry.move_alias(self.root, name, alias, version, expected)

    def withdrawn(self, name: str) -> dict[str, str]:
        return registry.withdrawn(self.root, name)

    def yank(self, name: str, version: str, reason: str) -> None:
        registry.yank(self.root, name, version, reason)

    def fetch(self, name: str, version: str) -> Path:
        return self.root / name / "versions" / version

    def locks(self, name: str) -> dict[str, str]:
        return registry.locks(self.root, name)

    def hold(self, name: str, version: str, holder: str) -> None:
        registry.hold(self.root, name, version, holder)

    def let_go(self, name: str, version: str, holder: str) -> None:
        registry.let_go(self.root, name, version, holder)

    def collect(self, name: str, keep: int) -> list[str]:
        return registry.collect(self.root, name, keep)
