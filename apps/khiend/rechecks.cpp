#include "rechecks.h"

#include <array>
#include <utility>

#include "own_addresses.h"

namespace khien::khiend {

Result<std::unique_ptr<Rechecks>> Rechecks::open(Domain& domain, const Options& options) {
  const std::array folders{options.data, options.state / "lists"};
  auto operators = recheck::Operators::load(folders);
  if (!operators) return tl::unexpected<Error>{std::move(operators).error()};
  return std::unique_ptr<Rechecks>{new Rechecks{domain, options, std::move(*operators)}};
}

Rechecks::Rechecks(Domain& domain, const Options& options, recheck::Operators operators)
    : operators_(std::move(operators)),
      asker_({.resolvers = options.recheck.resolvers, .control = options.recheck.control},
             domain.services().cases.suffixes, domain.services().clock, domain.services().rng),
      looker_(
          {.user_agent = options.recheck.user_agent,
           .own_addresses = [options] { return never_contacted(options); }},
          [this](std::string_view host) { return asker_.addresses_of(host); },
          domain.services().cases.suffixes, domain.services().clock),
      engine_({.database = domain.database(),
               .cases = domain.services().cases,
               .operators = operators_,
               .look = [this](std::string_view name) { return asker_.look(name); },
               .check = [this] { return asker_.check(); },
               .metrics = domain.metrics(),
               .list_budget = options.recheck.list_budget,
               .look_at_pages = look_at_pages(options)}) {}

std::function<std::vector<recheck::PageLook>(const std::vector<std::string>&)>
Rechecks::look_at_pages(const Options& options) {
  if (!options.recheck.pages) return {};
  return [this](const std::vector<std::string>& pages) { return looker_.look(pages); };
}

Result<void> Rechecks::run() {
  auto counts = engine_.run_round();
  if (!counts) return tl::unexpected<Error>{std::move(counts).error()};
  return {};
}

}  // namespace khien::khiend
