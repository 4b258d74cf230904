// AF_XDP for all workers of a service: one program, and a queue for each worker.
#include "base/log.h"
#include "resolver/service.h"

namespace khien::resolver {

Result<void> Service::attach_xdp() {
  const auto& listen = workers_.front()->local_addresses();
  std::string interface = options_.xdp.interface;
  if (interface.empty()) {
    auto found = net::interface_for(listen);
    if (!found) return tl::unexpected(std::move(found).error());
    interface = std::move(*found);
  }
  auto program = net::XdpProgram::attach(
      {.interface = std::move(interface), .mode = options_.xdp.mode, .listen = listen});
  if (!program) return tl::unexpected(std::move(program).error());
  xdp_ = std::move(*program);
  for (std::uint32_t i = 0; i < workers_.size(); ++i) {
    if (auto added = workers_[i]->add_xdp(*xdp_, options_.xdp.queue + i); !added) return added;
  }
  KHIEN_LOG(info, "xdp", {"interface", xdp_->interface()}, {"mode", to_string(xdp_->mode())},
            {"addresses", xdp_->addresses().size()}, {"first_queue", options_.xdp.queue},
            {"queues", workers_.size()});
  return {};
}

Result<void> Service::set_up_xdp() {
  if (options_.xdp.kind == SocketKind::udp) return {};
  auto attached = attach_xdp();
  if (attached) return {};
  if (options_.xdp.kind == SocketKind::xdp) {
    return propagate(std::move(attached).error(), "--socket xdp");
  }
  // Nothing stays half done: the workers give their queues up, and the program goes.
  for (const auto& worker : workers_) worker->drop_xdp();
  xdp_.reset();
  KHIEN_LOG(warning, "xdp_not_used", {"why", attached.error().message});
  return {};
}

}  // namespace khien::resolver
