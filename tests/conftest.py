"""One undisturbed run of the smoke recipe, shared by the tests that compare with it."""

import pytest
import runs


@pytest.fixture(scope="session")
def port():
    return runs.free_port()


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory, port):
    folder = tmp_path_factory.mktemp("undisturbed")
    done = runs.run("pipeline", *runs.recipe(folder, port))
    assert done.returncode == 0, done.stderr
    return folder, done
