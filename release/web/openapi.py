"""What the service offers, as OpenAPI 3.1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from release.formats.read import FORMATS

ANSWERS = {
    400: "the request is not what this document describes",
    408: "the request did not arrive in time",
    411: "the request does not say how long it is",
    413: "the text is too long",
    415: "the content type is not application/json",
    429: "too many requests are being answered; try again after Retry-After seconds",
    503: "other translations did not end in time; try again after Retry-After seconds",
    504: "the translation itself did not end in time; send a shorter text",
}


def document(
    name: str, version: str, directions: Sequence[tuple[str, str]], characters: int
) -> dict[str, Any]:
    """The whole document. ``directions`` are pairs of BCP 47 tags."""
    sources, targets = (sorted({pair[side] for pair in directions}) for side in (0, 1))
    ways = ", ".join(f"{source} to {target}" for source, target in directions)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Machine translation with {name}",
            "version": version,
            "description": f"For trying a released model, not for production. It has {ways}.",
        },
        "paths": {
            "/translate": {"post": _translate(sources, targets, characters)},
            "/health": {
                "get": {
                    "operationId": "health",
                    "summary": "Whether the service answers, and what it translates",
                    "responses": {"200": _answer("It does.", "Health")},
                }
            },
        },
        "components": {"schemas": _schemas()},
    }


def _translate(sources: list[str], targets: list[str], characters: int) -> dict[str, Any]:
    return {
        "operationId": "translate",
        "summary": "Translate a text or a document",
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["text", "from", "to"],
                        "additionalProperties": False,
                        "properties": {
                            "text": {"type": "string", "maxLength": characters},
                            "from": {"type": "string", "enum": sources},
                            "to": {"type": "string", "enum": targets},
                            "format": {"enum": list(FORMATS), "default": "text"},
                        },
                    },
                    "example": {"text": "Bakıda hava günəşlidir.", "from": "az", "to": "uz"},
                }
            },
        },
        "responses": {
            "200": _answer("The translation.", "Translation"),
            **{
                str(status): _answer(f"{what[0].upper()}{what[1:]}.", "Error")
                for status, what in ANSWERS.items()
            },
        },
    }


def _answer(description: str, schema: str) -> dict[str, Any]:
    reference = {"$ref": f"#/components/schemas/{schema}"}
    return {"description": description, "content": {"application/json": {"schema": reference}}}


def _schemas() -> dict[str, Any]:
    text = {"type": "string"}
    direction = _object({"from": text, "to": text})
    return {
        "Translation": _object(
            {
                "translation": text,
                "model": text,
                "version": text,
                "machine_translated": {"const": True},
                "from": text,
                "to": text,
                "format": text,
                "warnings": {
                    "type": "array",
                    "description": "Texts whose numbers the translation does not have as they are.",
                    "items": _warning(),
                },
            }
        ),
        "Health": _object(
            {
                "status": {"const": "ok"},
                "model": text,
                "version": text,
                "characters": {"type": "integer"},
                "directions": {"type": "array", "items": direction},
            }
        ),
        "Error": _object({"error": text}),
    }


def _warning() -> dict[str, Any]:
    """For articles ``line`` counts these, and ``field`` and ``paragraph`` are there too."""
    written = {"type": "array", "items": {"type": "string"}, "description": "as they are written"}
    place = {"type": "integer", "minimum": 1}
    needed = _object(
        {"line": place, "text": {"type": "string"}, "source": written, "translation": written}
    )
    needed["properties"].update(field={"type": "string"}, paragraph=place)
    return needed


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}
