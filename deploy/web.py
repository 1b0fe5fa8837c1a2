"""How gunicorn serves the application: threads, because requests mostly wait for the database."""

from pathlib import Path

import environ

ROOT = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(env.str("ENV_FILE", default=f"{ROOT}/.env"), overwrite=False)

worker_class = "gthread"
workers = env.int("WEB_PROCESSES", default=1)
threads = env.int("WEB_THREADS", default=8)
timeout = 120
graceful_timeout = 10
keepalive = 5
max_requests = 20_000
max_requests_jitter = 2_000
loglevel = env.str("LOG_LEVEL", default="WARNING").lower()
control_socket_disable = True
SHARED_MEMORY = Path("/dev") / "shm"
if SHARED_MEMORY.is_dir():  # for the heartbeat: a slow disk must not make a worker look dead
    worker_tmp_dir = str(SHARED_MEMORY)
