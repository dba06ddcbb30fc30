using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    # Workers may not reach private addresses unless told; the fake service is at one.
    (name = "internet", network = (allow = ["private", "public"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "main.js", esModule = embed "out/main.js"),
    (name = "unexhausted_bg.wasm", wasm = embed "out/unexhausted_bg.wasm"),
    (name = "guide_bg.wasm", wasm = embed "out/guide_bg.wasm"),
    (name = "bulk_bg.wasm", wasm = embed "out/bulk_bg.wasm"),
  ],
  compatibilityDate = "2026-01-01",
);
