"""The sensor `webhooks`: whoever asked to be told of a dataset's changes is told, also where no service runs."""

import asyncio

import dagster as dg

from resources.graph import GraphResource


@dg.sensor(
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="""Delivers what is due to webhooks, for some 20 seconds at the most; the next tick goes on.

Where `sessiongraph serve` runs on the home, too, one of the two delivers at a time.""",
)
def webhooks(context: dg.SensorEvaluationContext, graph: GraphResource) -> dg.SkipReason:
    from sessiongraph.delivery.deliver import deliver_due

    received = asyncio.run(deliver_due(graph.services))
    return dg.SkipReason(f"{received} events were delivered." if received else "Nothing was to be delivered.")
