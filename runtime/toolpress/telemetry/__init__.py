"""Traces and metrics. Off unless somebody asks, and then neither OpenTelemetry's SDK nor Prometheus is imported."""

from toolpress.telemetry.events import SILENT, Exchange, Observe, Observer

__all__ = ["SILENT", "Exchange", "Observe", "Observer"]
