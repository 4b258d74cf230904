#include "http/event_hub.h"

#include <fmt/format.h>

#include "base/assert.h"

namespace khien::http {

void EventSubscription::on_wake(std::function<void()> wake) {
  state_.lock()->wake = std::move(wake);
}

std::string EventSubscription::take() {
  auto state = state_.lock();
  std::string text;
  for (const auto& frame : state->queue) text += frame;
  state->queue.clear();
  return text;
}

bool EventSubscription::is_over() { return state_.lock()->over; }

void EventSubscription::cancel() {
  auto state = state_.lock();
  state->over = true;
  state->queue.clear();
  state->wake = nullptr;
}

EventSubscription::Offered EventSubscription::offer(std::string_view event,
                                                    const std::string& frame) {
  if (filter_ && !filter_(event)) return Offered::unwanted;
  auto state = state_.lock();
  if (state->over) return Offered::gone;
  if (state->queue.size() >= event_queue_max) {
    state->over = true;
    return Offered::full;
  }
  state->queue.push_back(frame);
  return Offered::taken;
}

std::function<void()> EventSubscription::wake_function() { return state_.lock()->wake; }

EventHub::EventHub(const Clock& clock, Metrics& metrics)
    : published_(metrics.counter("khien_events_published_total", "Events told to listeners")),
      dropped_(metrics.counter("khien_events_listeners_dropped_total",
                               "Listeners dropped because they read too slowly")),
      refused_(metrics.counter("khien_events_listeners_refused_total",
                               "Listeners refused because there were too many")),
      listening_(metrics.gauge("khien_events_listeners", "Listeners now")) {
  // 16 bits a millisecond: no run reaches the first id of the next one.
  state_.lock()->next_id = static_cast<std::uint64_t>(clock.now_ms()) << 16U;
}

EventHub::~EventHub() { close(); }

void EventHub::drop_gone(State& state) {
  std::erase_if(state.listeners, [](const auto& listener) { return listener->is_over(); });
  listening_.set(static_cast<std::int64_t>(state.listeners.size()));
}

void EventHub::publish(std::string_view event, std::string_view data) {
  // A line break would end the field and begin another one.
  KHIEN_ASSERT(event.find_first_of("\r\n") == std::string_view::npos);
  KHIEN_ASSERT(data.find_first_of("\r\n") == std::string_view::npos);
  std::vector<std::function<void()>> wakes;
  {
    auto state = state_.lock();
    if (state->closed) return;
    const std::uint64_t id = state->next_id++;
    state->history.push_back(
        {.id = id,
         .event = std::string{event},
         .frame = fmt::format("id: {}\nevent: {}\ndata: {}\n\n", id, event, data)});
    if (state->history.size() > event_history_max) state->history.pop_front();
    const std::string& frame = state->history.back().frame;
    for (const auto& listener : state->listeners) {
      const auto offered = listener->offer(event, frame);
      if (offered == EventSubscription::Offered::full) dropped_.add();
      if (offered == EventSubscription::Offered::taken ||
          offered == EventSubscription::Offered::full) {
        wakes.push_back(listener->wake_function());
      }
    }
    drop_gone(*state);
  }
  published_.add();
  for (const auto& wake : wakes) {
    if (wake) wake();
  }
}

Result<std::shared_ptr<EventSubscription>> EventHub::subscribe(std::uint64_t last_event_id,
                                                               EventSubscription::Filter filter) {
  auto listener = std::make_shared<EventSubscription>(std::move(filter));
  auto state = state_.lock();
  drop_gone(*state);
  if (state->closed || state->listeners.size() >= event_subscribers_max) {
    refused_.add();
    return fail(ErrorCode::unavailable, "too many listeners", "too_many_listeners");
  }
  if (last_event_id != 0) {
    // Known if the event right after it is still in the history, or if it is the newest of all.
    const std::uint64_t oldest = state->next_id - state->history.size();
    std::size_t missed = 0;
    for (const auto& sent : state->history) missed += sent.id > last_event_id ? 1U : 0U;
    const bool known =
        last_event_id + 1 >= oldest && last_event_id < state->next_id && missed <= event_queue_max;
    if (!known) {
      const auto frame = fmt::format("id: {}\nevent: reset\ndata: {{}}\n\n", state->next_id - 1);
      listener->state_.lock()->queue.push_back(frame);
    } else {
      for (const auto& sent : state->history) {
        if (sent.id > last_event_id) {
          [[maybe_unused]] const auto offered = listener->offer(sent.event, sent.frame);
        }
      }
    }
  }
  state->listeners.push_back(listener);
  listening_.set(static_cast<std::int64_t>(state->listeners.size()));
  return listener;
}

void EventHub::close() {
  std::vector<std::function<void()>> wakes;
  {
    auto state = state_.lock();
    state->closed = true;
    for (const auto& listener : state->listeners) {
      listener->state_.lock()->over = true;
      wakes.push_back(listener->wake_function());
    }
    drop_gone(*state);
  }
  for (const auto& wake : wakes) {
    if (wake) wake();
  }
}

}  // namespace khien::http
