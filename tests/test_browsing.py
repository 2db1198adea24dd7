"""The browser that tests drive sees what it is meant to see: requests, complaints, and who could not use a page."""

from browsing import PHONE, SIZES

PAGE = """<!doctype html><html lang="en"><title>t</title>
<meta name="viewport" content="width=device-width"><style>
:root { color: #111; background: #fff } @media (prefers-color-scheme: dark) { :root { background: #000; color: #fff } }
</style><main><h1>Hello</h1><p id="width"></p>%s</main>"""


def test_a_page_that_asks_for_something_and_fails_is_found_out(browser, tmp_path):
    page = tmp_path / "page.html"
    page.write_text(PAGE % "<img src='no-such.png' alt='none'><script>undefined.x</script>", "utf-8")
    browser.open(page, "at=1")
    assert browser.requests() == [page.as_uri(), (tmp_path / "no-such.png").as_uri()]
    complaints = " ".join(browser.complaints())
    assert "no-such.png" in complaints
    assert "TypeError" in complaints
    assert (browser.requests(), browser.complaints()) == ([], [])


def test_a_page_that_keeps_readers_out_is_found_out_and_a_good_one_is_not(browser, tmp_path):
    page = tmp_path / "page.html"
    page.write_text(PAGE % "<p style='color: #aaa'>faint</p><input>", "utf-8")
    browser.open(page)
    found = " ".join(browser.serious_findings())
    assert "color-contrast" in found
    assert "label" in found
    page.write_text(PAGE % "", "utf-8")
    browser.open(page)
    assert browser.serious_findings() == []


def test_it_is_as_wide_and_as_dark_as_it_is_told(browser, tmp_path):
    page = tmp_path / "page.html"
    page.write_text(PAGE % "", "utf-8")
    browser.open(page)
    for size in SIZES.values():
        browser.resize(size)
        assert browser.run("return [innerWidth, innerHeight]") == list(size)
    ground = "return getComputedStyle(document.documentElement).backgroundColor"
    assert browser.run(ground) == "rgb(255, 255, 255)"
    browser.prefer(color_scheme="dark")
    assert browser.run(ground) == "rgb(0, 0, 0)"


def test_the_next_test_begins_at_a_desk_again(browser, tmp_path):
    page = tmp_path / "page.html"
    page.write_text(PAGE % "", "utf-8")
    browser.open(page)
    assert browser.run("return innerWidth") != PHONE[0]
    assert not browser.run("return matchMedia('(prefers-color-scheme: dark)').matches")
    browser.screenshot(tmp_path / "page.png")
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")
    assert browser.texts("h1") == ["Hello"]
    assert browser.find("h1").text == "Hello"
