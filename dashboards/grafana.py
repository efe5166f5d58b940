"""Grafana's dashboard model, as much of it as these dashboards use: variables, panels, links, and a layout.

The shapes are those of schema version 39 (Grafana 10 and newer read it): `packages/grafana-schema` of Grafana.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

Json = dict[str, Any]
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS = 24  # the width of Grafana's grid

GREEN_THEN_RED = ((None, "green"), (1, "red"))
RED_THEN_GREEN = ((None, "red"), (0.9, "yellow"), (1, "green"))


def dashboard(uid: str, title: str, description: str, variables: Sequence[Json], rows: Sequence[Json]) -> Json:
    """The whole file; `rows` come from `row`."""
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": ["ci", "ci-reporter"],
        "editable": False,
        "graphTooltip": 1,
        "links": [_link_to_the_others()],
        "panels": _layout(rows),
        "refresh": "1m",
        "schemaVersion": 39,
        "templating": {"list": [_datasource(), *variables]},
        "time": {"from": "now-24h", "to": "now"},
        "timezone": "browser",
    }


def _link_to_the_others() -> Json:
    return {
        "title": "CI dashboards",
        "type": "dashboards",
        "tags": ["ci-reporter"],
        "asDropdown": True,
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
        "icon": "external link",
        "tooltip": "",
        "url": "",
    }


def _datasource() -> Json:
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "refresh": 1,
        "hide": 0,
    }


def label_variable(name: str, label: str, promql: str) -> Json:
    """Choose among the values of a label; `promql` is `label_values(...)`. Several values, and all of them at first."""
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": DATASOURCE,
        "query": {"query": promql, "refId": name},
        "refresh": 2,  # on each change of the time range
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",  # ".+" would hide runs outside a CI system, which have no pipeline and no job
        "current": {"text": ["All"], "value": ["$__all"]},
        "hide": 0,
    }


def text_variable(name: str, label: str, value: str, description: str) -> Json:
    """Type a value."""
    return {
        "name": name,
        "label": label,
        "description": description,
        "type": "textbox",
        "query": value,
        "current": {"text": value, "value": value},
        "hide": 0,
    }


def choice_variable(name: str, label: str, choices: dict[str, str], description: str) -> Json:
    """Choose one of a few values; the first one stands at first."""
    first = next(iter(choices))
    return {
        "name": name,
        "label": label,
        "description": description,
        "type": "custom",
        "query": ", ".join(f"{text} : {value}" for text, value in choices.items()),
        "current": {"text": first, "value": choices[first]},
        "multi": False,
        "includeAll": False,
        "hide": 0,
    }


def row(title: str, *panels: Json) -> Json:
    """A headline and the panels below it, from left to right."""
    return {"title": title, "panels": panels}


def _layout(rows: Sequence[Json]) -> list[Json]:
    """All panels with ids and places: each row's panels fill lines of 24 columns."""
    placed: list[Json] = []
    top = 0
    for each in rows:
        placed.append(
            {"type": "row", "title": each["title"], "collapsed": False, "panels": []} | _at(0, top, COLUMNS, 1)
        )
        top += 1
        left = height = 0
        for panel in each["panels"]:
            wide, high = panel["gridPos"]["w"], panel["gridPos"]["h"]
            if left + wide > COLUMNS:
                top, left, height = top + height, 0, 0
            placed.append(panel | _at(left, top, wide, high))
            left, height = left + wide, max(height, high)
        top += height
    return [{"id": number, **panel} for number, panel in enumerate(placed, start=1)]


def _at(left: int, top: int, wide: int, high: int) -> Json:
    return {"gridPos": {"x": left, "y": top, "w": wide, "h": high}}


def now(expr: str, legend: str = "") -> Json:
    """Ask for the value at the end of the time range."""
    return {"expr": expr, "instant": True, "range": False, "legendFormat": legend or "__auto"}


def over_time(expr: str, legend: str = "") -> Json:
    """Ask for the values over the time range."""
    return {"expr": expr, "instant": False, "range": True, "legendFormat": legend or "__auto"}


def _panel(kind: str, title: str, description: str, queries: Iterable[Json], size: tuple[int, int]) -> Json:
    targets = [
        {"refId": chr(ord("A") + number), "datasource": DATASOURCE, "editorMode": "code", **query}
        for number, query in enumerate(queries)
    ]
    wide, high = size
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": DATASOURCE,
        "targets": targets,
        "gridPos": {"w": wide, "h": high},
    }


def _thresholds(steps: Iterable[tuple[float | None, str]]) -> Json:
    return {"mode": "absolute", "steps": [{"value": value, "color": colour} for value, colour in steps]}


def stat(
    title: str, description: str, query: Json, *, unit: str, thresholds: Iterable[tuple[float | None, str]] = ()
) -> Json:
    """One number, coloured by thresholds."""
    defaults: Json = {"unit": unit, "thresholds": _thresholds(thresholds or [(None, "text")])}
    return _panel("stat", title, description, [query], (4, 4)) | {
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": {
            "colorMode": "value",
            "graphMode": "none",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        },
    }


def trend(title: str, description: str, queries: Sequence[Json], *, unit: str, stacked: bool = False) -> Json:
    """Lines over time. They are steps, because a pushed gauge keeps its value until the next run."""
    custom = {
        "drawStyle": "line",
        "lineInterpolation": "stepAfter",
        "showPoints": "never",
        "fillOpacity": 30 if stacked else 0,
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
    }
    return _panel("timeseries", title, description, queries, (12, 8)) | {
        "fieldConfig": {"defaults": {"unit": unit, "min": 0, "custom": custom}, "overrides": []},
        "options": {
            "legend": {
                "displayMode": "table",
                "placement": "bottom",
                "showLegend": True,
                "calcs": ["lastNotNull", "max"],
            },
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
    }


def bars(title: str, description: str, query: Json, *, unit: str) -> Json:
    """A bar for each series, in the order of the query's answer."""
    return _panel("bargauge", title, description, [query], (12, 8)) | {
        "fieldConfig": {
            "defaults": {"unit": unit, "min": 0, "thresholds": _thresholds([(None, "blue")])},
            "overrides": [],
        },
        "options": {
            "orientation": "horizontal",
            "displayMode": "basic",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        },
    }


def states(title: str, description: str, query: Json, words: dict[int, tuple[str, str]]) -> Json:
    """A band for each series; `words` gives each value its word and colour."""
    return _panel("state-timeline", title, description, [query], (24, 9)) | {
        "fieldConfig": {
            "defaults": {"unit": "none", "mappings": [_mapping(words)], "custom": {"fillOpacity": 80, "lineWidth": 0}},
            "overrides": [],
        },
        "options": {"mergeValues": True, "showValue": "never", "rowHeight": 0.8, "legend": _BELOW},
    }


_BELOW = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}


def _mapping(words: dict[Any, tuple[str, str]]) -> Json:
    return {
        "type": "value",
        "options": {
            str(value): {"text": text, "color": colour, "index": index}
            for index, (value, (text, colour)) in enumerate(words.items())
        },
    }


def column(
    name: str, *, unit: str = "none", link: Json | None = None, words: dict[Any, tuple[str, str]] | None = None
) -> Json:
    """How a table shows the values of one query: under this name, in this unit."""
    properties = [{"id": "displayName", "value": name}, {"id": "unit", "value": unit}]
    if unit == "none":
        properties.append({"id": "decimals", "value": 0})
    if link:
        properties.append({"id": "links", "value": [link]})
    if words:
        properties.append({"id": "mappings", "value": [_mapping(words)]})
        properties.append({"id": "custom.cellOptions", "value": {"type": "color-text"}})
    return {"properties": properties}


def table(
    title: str,
    description: str,
    queries: Sequence[tuple[Json, Json]],
    *,
    labels: dict[str, Json] | None = None,
    limit: int | None = None,
    wide: int = COLUMNS,
) -> Json:
    """A line for each label set, and a column for each pair of a query and its `column`.

    The lines are sorted by the first column, the largest first.
    """
    targets = [query | {"format": "table"} for query, _ in queries]
    panel = _panel("table", title, description, targets, (wide, 9))
    # With one query Grafana calls the column "Value", with several "Value #A", "Value #B" and so on.
    names = {
        target["refId"]: "Value" if len(queries) == 1 else f"Value #{target['refId']}" for target in panel["targets"]
    }
    overrides = [
        {"matcher": {"id": "byName", "options": names[target["refId"]]}, **shown}
        for target, (_, shown) in zip(panel["targets"], queries, strict=True)
    ]
    overrides += [{"matcher": {"id": "byName", "options": label}, **shown} for label, shown in (labels or {}).items()]
    steps: list[Json] = [
        {"id": "merge", "options": {}},
        {"id": "sortBy", "options": {"sort": [{"field": names["A"], "desc": True}]}},
    ]
    if limit:
        steps.append({"id": "limit", "options": {"limitField": limit}})
    hidden = dict.fromkeys(("Time", "__name__", "job", "instance"), True)
    steps.append({"id": "organize", "options": {"excludeByName": hidden, "indexByName": {}, "renameByName": {}}})
    return panel | {
        "fieldConfig": {"defaults": {"unit": "none", "custom": {"filterable": True}}, "overrides": overrides},
        "options": {"showHeader": True, "cellHeight": "sm"},
        "transformations": steps,
    }
