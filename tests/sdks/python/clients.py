"""Calls the clients of Python at the loopback service, and prints what each throws as lines of JSON.

Reads one job a line: {"client", "fault", "url", "openai", "stream", "retries"}.
"""

import importlib.metadata
import json
import logging
import re
import sys
import time
import traceback
import types
import warnings

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

KEY = "a-key-of-nobody"
MODEL = "gemini-3-pro-image"
PROMPT = "a paper boat"


def genai(job):
    from google import genai as sdk

    client = sdk.Client(api_key=KEY, http_options={"base_url": job["url"]})
    if job["stream"]:
        return list(client.models.generate_content_stream(model=MODEL, contents=PROMPT))
    return client.models.generate_content(model=MODEL, contents=PROMPT)


def langchain(job):
    from langchain_google_genai import ChatGoogleGenerativeAI

    own = {} if job["retries"] else {"max_retries": 1}
    model = ChatGoogleGenerativeAI(
        model=MODEL, google_api_key=KEY, base_url=job["url"], **own
    )
    return list(model.stream(PROMPT)) if job["stream"] else model.invoke(PROMPT)


def litellm_call(job, model, base):
    import litellm

    litellm.suppress_debug_info = True
    own = {} if job["retries"] else {"num_retries": 0, "max_retries": 0}
    answer = litellm.completion(
        model=model,
        api_key=KEY,
        api_base=base,
        messages=[{"role": "user", "content": PROMPT}],
        stream=job["stream"],
        **own,
    )
    return list(answer) if job["stream"] else answer


def litellm_gemini(job):
    return litellm_call(job, f"gemini/{MODEL}", f"{job['url']}/v1beta/models/{MODEL}")


def litellm_openai(job):
    return litellm_call(job, f"openai/{MODEL}", f"{job['openai']}/v1beta/openai")


def pydantic_ai(job):
    from pydantic_ai import Agent
    from pydantic_ai.models.google import GoogleModel
    from pydantic_ai.providers.google import GoogleProvider

    provider = GoogleProvider(api_key=KEY, base_url=job["url"])
    agent = Agent(GoogleModel(MODEL, provider=provider))
    return agent.run_sync(PROMPT)


def dspy_call(job):
    import dspy

    own = {} if job["retries"] else {"num_retries": 0}
    base = f"{job['url']}/v1beta/models/{MODEL}"
    lm = dspy.LM(f"gemini/{MODEL}", api_key=KEY, api_base=base, cache=False, **own)
    return lm(PROMPT)


CLIENTS = {
    "google-genai (Python)": (genai, "google-genai"),
    "langchain-google-genai (Python)": (langchain, "langchain-google-genai"),
    "litellm gemini/ (Python)": (litellm_gemini, "litellm"),
    "litellm openai/ (Python)": (litellm_openai, "litellm"),
    "pydantic-ai (Python)": (pydantic_ai, "pydantic-ai-slim"),
    "dspy (Python)": (dspy_call, "dspy"),
}


def held(error, traces):
    """Which traces stand anywhere in an error: in attributes, causes, containers and bytes."""
    found, seen, queue = set(), set(), [error]
    for _ in range(100_000):
        if not queue:
            break
        value = queue.pop(0)
        if isinstance(value, (str, bytes, bytearray, int, float)):
            text = value.decode("latin1") if isinstance(value, (bytes, bytearray)) else str(value)
            found.update(key for key, trace in traces.items() if re.search(trace, text))
            continue
        if id(value) in seen or isinstance(value, (type, types.ModuleType, types.FunctionType)):
            continue
        seen.add(id(value))
        queue.extend(inside(value))
    text = "".join(traceback.format_exception(error))
    found.update(key for key, trace in traces.items() if re.search(trace, text + repr(error)))
    return sorted(found)


def inside(value):
    if isinstance(value, dict):
        return [item for pair in list(value.items()) for item in pair]
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(value)
    parts = list(getattr(value, "__dict__", {}).items())
    parts += [(name, getattr(value, name, None)) for name in SLOTS if hasattr(value, name)]
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        names = (slots,) if isinstance(slots, str) else slots
        parts += [(name, getattr(value, name, None)) for name in names]
    return [item for pair in parts for item in pair]


SLOTS = ("args", "__cause__", "__context__", "__notes__")


def run(job):
    call, package = CLIENTS[job["client"]]
    result = {**job, "version": importlib.metadata.version(package)}
    started = time.monotonic()
    try:
        call(job)
        result["swallowed"] = True
    except BaseException as error:
        result["texts"] = {
            "str": str(error),
            "repr": repr(error),
            "traceback": traceback.format_exc(),
        }
        result["held"] = held(error, job["traces"])
    result["seconds"] = round(time.monotonic() - started)
    return result


OUT = sys.stdout
# What a client prints is no line of ours.
sys.stdout = sys.stderr
for line in sys.stdin:
    print(json.dumps(run(json.loads(line))), file=OUT, flush=True)
