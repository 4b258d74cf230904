// What travels between probes and khiend, on any octets: statements, work lists, the header of a
// request and an HTTP answer. Each refuses, or what it gives is within every bound of its format
// and is written back as it was read.
#include "base/assert.h"
#include "base/bytes.h"
#include "probe/finding.h"
#include "probe/khiend_client.h"
#include "probe/statement.h"

using namespace khien;

namespace {

void check_resolver(const probe::ResolverTold& told) {
  KHIEN_ASSERT(told.names.size() <= probe::work_names_max);
  KHIEN_ASSERT(told.canaries.size() <= probe::work_canaries_max);
  KHIEN_ASSERT(told.serials.size() <= probe::work_zones_max);
  (void)probe::judge_line(told);
  for (const auto& name : told.names) {
    KHIEN_ASSERT(probe::is_plain_name(name.name));
    for (const auto expected : {probe::Expected::blocked, probe::Expected::resolving}) {
      (void)probe::judge_name({.expected = expected, .told = &name, .control = &name});
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = as_text(Bytes{data, size});
  if (const auto statement = probe::parse_statement(text)) {
    KHIEN_ASSERT(statement->from_ms <= statement->to_ms);
    KHIEN_ASSERT(statement->to_ms - statement->from_ms <= probe::round_time_max_ms);
    KHIEN_ASSERT(statement->resolvers.size() <= probe::work_resolvers_max);
    for (const auto& told : statement->resolvers) check_resolver(told);
    if (statement->control) check_resolver(*statement->control);
    const auto written = to_json(*statement).dump();
    const auto again = probe::parse_statement(written);
    KHIEN_ASSERT(written.size() > probe::statement_size_max ||
                 (again && to_json(*again).dump() == written));
  }
  if (const auto work = probe::parse_work(text)) {
    KHIEN_ASSERT(work->names.size() <= probe::work_names_max);
    KHIEN_ASSERT(work->questions_a_second >= 1 &&
                 work->questions_a_second <= probe::questions_a_second_max);
    const auto written = to_json(*work).dump();
    const auto again = probe::parse_work(written);
    KHIEN_ASSERT(written.size() > probe::work_size_max ||
                 (again && to_json(*again).dump() == written));
  }
  (void)probe::read_proof(text);
  if (const auto answer = probe::read_http_answer(text)) {
    KHIEN_ASSERT(answer->status >= 200 && answer->status <= 999 && answer->body.size() <= size);
  }
  return 0;
}
