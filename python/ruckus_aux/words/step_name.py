# SPDX-License-Identifier: GPL-3.0-or-later
"""What a step is called: put together and taken apart here, and nowhere else."""

from typing import Self

from ruckus_aux.words.stage import SOURCE, STAGES, Stage

_COMMON = {stage.name for stage in STAGES.values() if not stage.of_system}


class StepName(str):
    """A step's name: ARCH/STAGE/PACKAGE, or STAGE/PACKAGE of a step that all architectures have in common.

    It is the very text that files, the journal, JSON and make have, and knows what its parts mean. Any text is a
    name: of a step that a later version knows, or that a person made up.
    """

    __slots__ = ()

    @classmethod
    def of(cls, arch: str, stage: Stage, package: str) -> Self:
        """The name of a step.

        Args:
            arch: The architecture's name, which a stage that is common to all does without.
            stage: Its stage.
            package: The package, or what else the recipe calls the step.
        """
        return cls(f"{arch}/{stage.name}/{package}" if stage.of_system else f"{stage.name}/{package}")

    @property
    def arch(self) -> str:
        """The name of its architecture; "" when it is common to all."""
        first, slash, _ = self.partition("/")
        return first if slash and first not in _COMMON else ""

    @property
    def within_arch(self) -> str:
        """STAGE/PACKAGE: what steps of all architectures have in common that do the same."""
        return self.partition("/")[2] if self.arch else str(self)

    @property
    def stage(self) -> Stage:
        """Its stage; one that this version does not know is taken for one of a system."""
        return STAGES.get(self.within_arch.partition("/")[0], SOURCE)

    @property
    def package(self) -> str:
        """The package, or what else its recipe calls it."""
        return self.within_arch.partition("/")[2]

    @property
    def dotted(self) -> str:
        """The name without slashes, for a file of its own in a folder of others."""
        return self.replace("/", ".")
