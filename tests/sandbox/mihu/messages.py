"""Seeded templates and numbers, and how tests send messages to them."""

from __future__ import annotations

SALES, SERVICE = "a0000000-0000-4000-8000-000000000001", "a0000000-0000-4000-8000-000000000002"
ELIF, MERT, ANNA, BLACKLISTED = "+905321110001", "+905321110002", "+4915112345003", "+905321110004"
UNKNOWN = "ffffffff-ffff-4fff-8fff-ffffffffffff"
REMINDER, PENDING, REJECTED, BROCHURE = (f"90000000-0000-4000-8000-00000000000{number}" for number in (1, 2, 3, 4))
SETTING = "9a000000-0000-4000-8000-000000000001"
WHATSAPP = "b0000000-0000-4000-8000-000000000002"
WABA = "123456789012345"
DAY = 86400
FRIDAY = {"field1": "Mert", "field2": "Friday"}
PNG = b"\x89PNG\r\n\x1a\n"


async def post(client, path, **body):
    return await client.post(f"/api/v1/{path}", json=body)


async def sms(client, number=ANNA, agent=SALES, message="Your car is ready."):
    return await post(client, "sms/send", agentId=agent, phoneNumber=number, message=message)


async def free_text(client, number=MERT, agent=SALES, message="See you soon."):
    return await post(client, "whatsapp/message", agentId=agent, phoneNumber=number, message=message)


async def template(client, uuid=REMINDER, number=MERT, agent=SALES, **more):
    return await post(client, "whatsapp/template", agentId=agent, templateId=uuid, phoneNumber=number, **more)
