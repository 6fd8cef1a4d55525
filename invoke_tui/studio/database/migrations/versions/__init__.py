"""The schema's versions. ``HEAD`` in ``database.migrate`` names the newest."""
