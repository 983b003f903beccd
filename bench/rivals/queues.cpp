// The queues of bench/runs/queues.ts as one would write them by hand in C++: an event loop with a binary heap, sfc32, exponentials by −ln.
// Usage: queues mm1|mmc|np|pr CUSTOMERS SERVERS [quantiles] → processor seconds of the loop, mean wait. With `quantiles` it also keeps response,
// wait and service of every customer by class and takes the median, 95 % and 99 % quantile of each from them (std::nth_element).
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
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

// Times of one class; the sum of the quantiles keeps the compiler from leaving them out.
struct Kept {
  std::vector<double> response, wait, service;
  void add(double w, double s) {
    response.push_back(w + s);
    wait.push_back(w);
    service.push_back(s);
  }
  double quantiles() {
    double sum = 0;
    for (std::vector<double> *times : {&response, &wait, &service}) {
      if (times->empty()) continue;
      auto from = times->begin();
      for (double p : {0.5, 0.95, 0.99}) {
        auto at = times->begin() + (long)(p * (times->size() - 1));
        std::nth_element(from, at, times->end());
        sum += *at;
        from = at;
      }
    }
    return sum;
  }
};

template <bool QUANTILES> static double many(Rng &r, long n, int servers, double rate) {
  Kept kept;
  auto starts = [&](double t, double wait) {
    double s = r.exponential();
    if (QUANTILES) kept.add(wait, s);
    return t + s;
  };
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
        events.push({starts(e.time, 0), 0});
      } else waiting.push_back(e.time);
    } else if (!waiting.empty()) {
      double wait = e.time - waiting.front();
      total += wait;
      waiting.pop_front();
      started++;
      events.push({starts(e.time, wait), 0});
    } else busy--;
  }
  return total / started + (QUANTILES ? 1e-300 * kept.quantiles() : 0);
}

struct Job {
  double arrived, left, size;
};

template <bool QUANTILES> static double classes(Rng &r, long n, double rate, bool resume) {
  std::deque<Job> waiting[2];
  Kept kept[2];
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
      double size = r.exponential();
      Job j{t, size, size};
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
      if (QUANTILES) kept[lane].add(end - now.arrived - now.size, now.size);
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
  return total / done + (QUANTILES ? 1e-300 * (kept[0].quantiles() + kept[1].quantiles()) : 0);
}

int main(int argc, char **argv) {
  const char *what = argv[1];
  long n = std::atol(argv[2]);
  int servers = std::atoi(argv[3]);
  bool quantiles = argc > 4 && !std::strcmp(argv[4], "quantiles");
  bool lanes = !std::strcmp(what, "np") || !std::strcmp(what, "pr");
  bool resume = !std::strcmp(what, "pr");
  double best = 1e9, answer = 0;
  for (int rep = 0; rep < 5; rep++) {
    Rng r;
    r.a += rep;
    std::clock_t start = std::clock();
    if (lanes) answer = quantiles ? classes<true>(r, n, 0.4, resume) : classes<false>(r, n, 0.4, resume);
    else answer = quantiles ? many<true>(r, n, servers, 0.8 * servers) : many<false>(r, n, servers, 0.8 * servers);
    double s = double(std::clock() - start) / CLOCKS_PER_SEC;
    if (s < best) best = s;
  }
  std::printf("{\"seconds\":%.6f,\"mean\":%.6f}\n", best, answer);
}
