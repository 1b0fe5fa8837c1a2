"""Resources of webhooks."""

from kam.webhooks.api.views import WebhookViewSet

routes = [("webhooks", WebhookViewSet)]
