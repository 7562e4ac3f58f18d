"""The files of Leaflet in our package and pages are those of npm, byte for byte."""

import hashlib

import pytest

from geobuffer.viz.leaflet import read_leaflet_script, read_leaflet_style, read_pin_pictures
from geobuffer.viz.offline.packages import LEAFLET, Asset, InstalledPackages

# The hashes of leaflet@1.9.3 on npm, with \n at the ends of lines.
SHA256 = {
    "leaflet.js": "5819285cec137b229c94e1ee5ad73e8b6b84345a4367d60f75fe477fe0fb7b03",
    "leaflet.css": "4a63465aeb2a2ffaae2a6d9de78241dc2cf0e78bcedfc36f2c718c3489ac38b3",
    "images/layers-2x.png": "066daca850d8ffbef007af00b06eac0015728dee279c51f3cb6c716df7c42edf",
    "images/layers.png": "1dbbe9d028e292f36fcba8f8b3a28d5e8932754fc2215b9ac69e4cdecf5107c6",
    "images/marker-icon-2x.png": "00179c4c1ee830d3a108412ae0d294f55776cfeb085c60129a39aa6fc4ae2528",
    "images/marker-icon.png": "574c3a5cca85f4114085b6841596d62f00d7c892c7b03f28cbfa301deb1dc437",
    "images/marker-shadow.png": "264f5c640339f042dd729062cfc04c17f8ea0f29882b538e3848ed8f10edb4da",
}


@pytest.mark.parametrize("name", SHA256)
def test_files_are_those_of_npm(name):
    content = (LEAFLET / name).read_bytes()
    content = content if name.endswith(".png") else content.replace(b"\r\n", b"\n")
    assert hashlib.sha256(content).hexdigest() == SHA256[name]


def test_no_other_file_is_carried_but_the_licence():
    there = {p.relative_to(LEAFLET).as_posix() for p in LEAFLET.rglob("*") if p.is_file()}
    assert there == {*SHA256, "LICENSE"}


def test_pages_hold_no_link_to_a_picture():
    style = read_leaflet_style()
    assert "url(images" not in style
    assert style.count("data:image/png") == 3
    assert "sourceMappingURL" not in read_leaflet_script()
    assert all(url.startswith("data:image/png") for url in read_pin_pictures().values())


def test_a_style_of_a_map_finds_its_pictures_beside_it():
    found = InstalledPackages().find("https://cdn.jsdelivr.net/npm/leaflet@1.9.3/dist/leaflet.css")
    assert isinstance(found, Asset)
    assert found.package == "Leaflet 1.9.3"
    assert found.find_sibling("images/layers.png") == (LEAFLET / "images/layers.png").read_bytes()
    assert found.find_sibling("../LICENSE") is None
