"""The draft of an installable package around a map. Pure: text in, text out."""

from __future__ import annotations

import re

from agent.kit.vocabulary import latin


def package(name: str, brand: str, map_text: str) -> dict[str, str]:
    """The files of an installable package with one map: path -> text.

    It goes by the brand, or by the map where the brand is not written in Latin letters: the
    packages of two such makers must not take each other's place.
    """
    told = latin(brand)
    maker = told if re.search("[a-z]", told) else latin(name)
    module = f"heatpump_{maker}"
    project = f"""[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "{module.replace("_", "-")}"
version = "0.1.0"
dependencies = ["heatpump-agent"]

[project.entry-points."heatpump_agent.drivers"]
{name} = "{module}:{name}"

[tool.setuptools]
packages = ["{module}"]

[tool.setuptools.package-data]
{module} = ["*.yaml"]
"""
    code = f'''"""Drivers for heat pumps of {brand}."""

from agent.drivers import DriverSource

{name} = DriverSource(__name__, "{name}.yaml")
'''
    return {
        "pyproject.toml": project,
        f"{module}/__init__.py": code,
        f"{module}/{name}.yaml": map_text,
    }
