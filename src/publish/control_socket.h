// The publisher's local socket: zones/control.sock, for the owner of the folder alone. Served by a
// thread of its own, so that it answers with API and database away. One request at a time, each
// bounded in size and time.
#pragma once

#include <filesystem>
#include <memory>
#include <thread>

#include "base/file.h"
#include "publish/control_protocol.h"

namespace khien::publish {

constexpr std::int64_t control_peer_wait_ms = 2'000;  // for a peer's request, or to take the answer
constexpr std::int64_t control_answer_wait_ms = 10'000;  // that khienctl waits

[[nodiscard]] std::filesystem::path control_socket_path(const std::filesystem::path& folder);
/// Is there where the folder belongs to one of two publishers (pair.h): nothing is changed in it
/// while no khiend runs.
[[nodiscard]] std::filesystem::path pair_mark_path(const std::filesystem::path& folder);

class ControlServer {
 public:
  /// Listens in `folder`, which this process has locked (ZoneSet): a socket that lies there is an
  /// old one and is replaced. Only peers of our own user, or root, are heard. `control` must
  /// outlive it. unavailable.
  [[nodiscard]] static Result<std::unique_ptr<ControlServer>> start(
      const std::filesystem::path& folder, PublicationControl& control);
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

 private:
  ControlServer(FileDescriptor listener, FileDescriptor wake, std::filesystem::path path,
                PublicationControl& control);
  void run(const std::stop_token& stop);
  void serve(int peer);

  FileDescriptor listener_;
  FileDescriptor wake_;
  std::filesystem::path path_;
  PublicationControl& control_;
  std::jthread thread_;  // last: starts when all else is there
};

/// Asks the publisher that has `folder` open; where none runs, opens the folder and does it here.
/// The content of the answer, or its error; unavailable "no_answer", timeout, conflict
/// "pair_stopped".
[[nodiscard]] Result<codec::Json> ask_publisher(const std::filesystem::path& folder,
                                                const ControlRequest& request, const Clock& clock);

}  // namespace khien::publish
