"""Resources and their templates as FastMCP lists and reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import mcp_types
from fastmcp.resources.base import Resource, ResourceContent, ResourceResult
from fastmcp.resources.template import ResourceTemplate
from pydantic import AnyUrl, PrivateAttr

from toolpress.contract import JsonObject
from toolpress.errors import ToolpressError
from toolpress.executor import Executor
from toolpress.protocol_errors import FailedReading
from toolpress.surface import LiveRead, ResourceInfo, ResourceTemplateInfo

MEDIA_TYPE = "application/json"


class CatalogResource(Resource):
    """One resource of a catalogue; a live one is read upstream each time, with the caller's key."""

    _info: ResourceInfo = PrivateAttr()
    _executor: Executor = PrivateAttr()

    @classmethod
    def make(cls, info: ResourceInfo, executor: Executor) -> CatalogResource:
        resource = cls(
            uri=AnyUrl(info.uri),
            name=info.name,
            title=info.title,
            description=info.description,
            mime_type=MEDIA_TYPE,
        )
        resource._info, resource._executor = info, executor
        return resource

    def to_mcp_resource(self, **overrides: Any) -> mcp_types.Resource:
        """Without FastMCP's empty list of tags, and with the URI as it was declared."""
        return super().to_mcp_resource(**{**overrides, "uri": self._info.uri, "_meta": None})

    async def read(self) -> ResourceResult:
        try:
            found = await self._executor.read(self._info)
        except ToolpressError as error:
            return FailedReading(error)
        live = self._info.read
        text = json.dumps(shown(found, live), ensure_ascii=False) if live and isinstance(found, dict) else str(found)
        return ResourceResult([ResourceContent(text, mime_type=MEDIA_TYPE)])


class CatalogTemplate(ResourceTemplate):
    """What all resources of one family have in common; reading goes to the resource itself."""

    _info: ResourceTemplateInfo = PrivateAttr()

    @classmethod
    def make(cls, info: ResourceTemplateInfo) -> CatalogTemplate:
        template = cls(
            uri_template=info.uri,
            name=info.name,
            title=info.title,
            description=info.description,
            mime_type=MEDIA_TYPE,
            parameters={"type": "object", "properties": {info.variable: {"enum": list(info.values)}}},
        )
        template._info = info
        return template

    def to_mcp_template(self, **overrides: Any) -> mcp_types.ResourceTemplate:
        return super().to_mcp_template(**{**overrides, "_meta": None})


def shown(answer: JsonObject, live: LiveRead) -> JsonObject:
    """The answer with the declared members of each item, as far as they came."""
    items = answer.get(live.data_as) if live.data_as else None
    if not live.fields or not isinstance(items, list):
        return answer
    return {name: [_item(item, live) for item in items] if name == live.data_as else value
            for name, value in answer.items()}  # fmt: skip


def _item(item: Any, live: LiveRead) -> Any:
    if not isinstance(item, Mapping):
        return item
    return {name: item[own] for name, own in live.fields if own in item}
