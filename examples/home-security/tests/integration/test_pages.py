"""The shells of the pages; what they show is tested in a browser."""

import re

import pytest

from home_security.web import PAGES

pytestmark = pytest.mark.integration


@pytest.fixture(params=PAGES, ids=lambda page: page.name)
def page(request):
    return request.param


def test_each_page_has_its_title_and_is_the_current_one(page, client):
    html = client.get(page.path).text

    assert f"<h1>{page.title}</h1>" in html
    assert re.findall(r'<a href="([^"]+)" aria-current="page"', html) == [page.path]


def test_whatever_a_page_loads_is_there(page, client):
    html = client.get(page.path).text

    for path in set(re.findall(r'(?:src|href)="(/static/[^"#]+)', html)):
        assert client.get(path).status_code == 200, path


def test_no_page_loads_anything_from_elsewhere(page, client):
    response = client.get(page.path)

    assert "//" not in re.sub(r"<!doctype html>", "", response.text)
    assert response.headers["content-security-policy"].startswith("default-src 'self'")


def test_there_are_eight_pages():
    assert len(PAGES) == 8


def test_a_page_that_does_not_exist_is_not_found(client):
    assert client.get("/nowhere").status_code == 404
