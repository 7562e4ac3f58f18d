"""Read the simplified borders of October 2020: one file of Osmosis polygon text per region."""

import io
import tarfile

import shapely


def read_region(text: str) -> shapely.Geometry:
    r"""Return the polygon of one file of Osmosis polygon text.

    A file has a title, then rings (a name, a line per vertex, END), then END. A ring whose name
    begins with an exclamation mark is a hole.

    >>> read_region("T\n1\n 0 0\n 0 1\n 1 1\n 0 0\nEND\nEND\n").area
    0.5
    """
    shells: list[shapely.Geometry] = []
    holes: list[shapely.Geometry] = []
    name, ring = "", []
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) == 2:
            ring.append((float(words[0]), float(words[1])))
        elif words == ["END"] and ring:
            polygon = shapely.make_valid(shapely.Polygon(ring))
            (holes if name.startswith("!") else shells).append(polygon)
            name, ring = "", []
        elif words:
            name = words[0]
    return shapely.difference(shapely.union_all(shells), shapely.union_all(holes))


def read_regions(archive: bytes, countries: tuple[str, ...]) -> dict[str, shapely.Geometry]:
    """Return the regions of some countries by the name of their file, as "Russia_Kursk Oblast"."""
    regions = {}
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:xz") as tar:
        for member in tar:
            name = member.name.removeprefix("./").removesuffix(".poly")
            content = tar.extractfile(member) if name.startswith(countries) else None
            if content is not None:
                regions[name] = read_region(content.read().decode("utf-8"))
    return dict(sorted(regions.items()))
