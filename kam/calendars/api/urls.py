"""Resources of calendars."""

from kam.calendars.api.views import CalendarView

routes = [("calendar", CalendarView)]
