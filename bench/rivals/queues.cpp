// The queues of bench/runs/queues.ts as one would write them by hand in C++: an event loop with a binary heap, sfc32, exponentials by −ln.
// Usage: queues mm1|mmc|np|pr CUSTOMERS SERVERS  → seconds of the loop, mean wait.
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <queue>
#include <vector>

struct Rng {
  uint32_t a = 0x9e3779b9, b = 0x243f6a88, c = 0xb7e15162, d = 1;
  uint32_t bits() {
    uint32_t t = a + b + d++;
    a = b ^ (b >> 9);
    b = c + (c << 3);
    c = (c << 21 | c >> 11) + t;
    return t;
  }
  double exponential() {
    double u = ((bits() >> 6) * 134217728.0 + (bits() >> 5)) * 0x1p-53;
    return -std::log1p(-u);
  }
};

struct Event {
  double time;
  int kind; // −1: an arrival, else the server that ends
  bool operator>(const Event &o) const { return time > o.time; }
};

static double many(Rng &r, long n, int servers, double rate) {
  std::priority_queue<Event, std::vector<Event>, std::greater<Event>> events;
  std::deque<double> waiting;
  int busy = 0;
  double total = 0;
  long arrived = 0, started = 0;
  events.push({r.exponential() / rate, -1});
  while (!events.empty()) {
    Event e = events.top();
    events.pop();
    if (e.kind < 0) {
      if (++arrived < n) events.push({e.time + r.exponential() / rate, -1});
      if (busy < servers) {
        busy++;
        started++;
        events.push({e.time + r.exponential(), 0});
      } else waiting.push_back(e.time);
    } else if (!waiting.empty()) {
      total += e.time - waiting.front();
      waiting.pop_front();
      started++;
      events.push({e.time + r.exponential(), 0});
    } else busy--;
  }
  return total / started;
}

struct Job {
  double arrived, left;
};

static double classes(Rng &r, long n, double rate, bool resume) {
  std::deque<Job> waiting[2];
  double next[2] = {r.exponential() / rate, r.exponential() / rate};
  double total = 0, end = INFINITY;
  Job now{};
  int lane = -1;
  long arrived = 0, done = 0;
  while (done < n) {
    int k = next[1] < next[0];
    if (arrived < n && next[k] < end) {
      double t = next[k];
      next[k] = t + r.exponential() / rate;
      arrived++;
      Job j{t, r.exponential()};
      if (lane < 0) {
        now = j;
        lane = k;
        end = t + j.left;
      } else if (resume && k < lane) {
        now.left = end - t;
        waiting[lane].push_front(now);
        now = j;
        lane = k;
        end = t + j.left;
      } else waiting[k].push_back(j);
    } else {
      done++;
      total += end - now.arrived;
      double t = end;
      lane = !waiting[0].empty() ? 0 : !waiting[1].empty() ? 1 : -1;
      end = INFINITY;
      if (lane >= 0) {
        now = waiting[lane].front();
        waiting[lane].pop_front();
        end = t + now.left;
      }
    }
  }
  return total / done;
}

int main(int argc, char **argv) {
  const char *what = argv[1];
  long n = std::atol(argv[2]);
  int servers = std::atoi(argv[3]);
  double best = 1e9, answer = 0;
  for (int rep = 0; rep < 5; rep++) {
    Rng r;
    r.a += rep;
    auto start = std::chrono::steady_clock::now();
    if (!std::strcmp(what, "np") || !std::strcmp(what, "pr")) answer = classes(r, n, 0.4, !std::strcmp(what, "pr"));
    else answer = many(r, n, servers, 0.8 * servers);
    double s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (s < best) best = s;
  }
  (void)argc;
  std::printf("{\"seconds\":%.6f,\"mean\":%.6f}\n", best, answer);
}
