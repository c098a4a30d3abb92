// The floor of a measurement: the least that a client of a streaming API can cost on this machine.
//
//   floor PORT CONNECTIONS REQUESTS BODY_FILE STAMP_FILE|- [RATE constant|poisson]
//
// One thread, one epoll. Without RATE a closed loop over CONNECTIONS, with it an open loop of RATE requests a
// second. Every read is stamped first and then searched for the ends of events, no more. Prints one line of JSON:
// what came, CPU and memory. Into STAMP_FILE go doubles, for each request: its number, due, start, number of
// stamps, stamps (ns of CLOCK_MONOTONIC). The server is told the number as "X-Request-ID: NUMBER".
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum state { HEAD, FIXED, SIZE, DATA, DATA_END, LAST };

struct request {
  double due, start;
  double *stamps;
  int count, room;
};

struct connection {
  int fd, next_idle;
  long request;
  enum state state;
  char head[4096];
  int head_length, line_length;
  long left;
  char last;
};

static char buffer[65536];
static char *body;
static long body_length, total, issued, finished, events, reads, errors;
static struct request *requests;
static struct connection *connections;
static int opened, room, idle = -1, epoll, port;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

static int open_connection(void) {
  if (opened == room) {
    fprintf(stderr, "more than %d connections\n", room);
    exit(1);
  }
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  if (fd < 0) die("socket");
  if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0) die("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = opened};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
  connections[opened].fd = fd;
  return opened++;
}

static void issue(int at, double due) {
  struct connection *c = &connections[at];
  struct request *r = &requests[issued];
  static char *text;
  if (!text) text = malloc(body_length + 512);
  int length = sprintf(text,
                       "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n"
                       "X-Request-ID: %ld\r\nContent-Length: %ld\r\n\r\n",
                       port, issued, body_length);
  memcpy(text + length, body, body_length);
  length += body_length;
  c->request = issued++;
  c->state = HEAD;
  c->head_length = 0;
  c->last = 0;
  r->due = due;
  r->start = now();
  if (due == 0) r->due = r->start;
  if (send(c->fd, text, length, 0) != length) die("send");
}

static void note(struct connection *c, double at) {
  struct request *r = &requests[c->request];
  if (r->count == r->room) {
    r->room = r->room ? 2 * r->room : 8;
    r->stamps = realloc(r->stamps, r->room * sizeof(double));
    if (!r->stamps) die("realloc");
  }
  r->stamps[r->count++] = at;
  events++;
}

// An event ends with a blank line.
static void take(struct connection *c, const char *from, const char *end, double at) {
  const char *line = from;
  while ((line = memchr(line, '\n', end - line))) {
    if ((line > from ? line[-1] : c->last) == '\n') note(c, at);
    line++;
  }
  c->last = end[-1];
}

static void start_body(struct connection *c) {
  c->head[c->head_length] = 0;
  if (strncmp(c->head, "HTTP/1.1 200", 12)) errors++;
  char *length = strcasestr(c->head, "\r\ncontent-length:");
  c->line_length = 0;
  if (length) {
    c->state = FIXED;
    c->left = atol(length + 17);
  } else {
    c->state = SIZE;
    c->left = 0;
  }
}

// Returns whether the response is complete.
static int feed(struct connection *c, const char *at, const char *end, double when) {
  while (at < end) {
    long length = end - at < c->left ? end - at : c->left;
    switch (c->state) {
      case HEAD:
        if (c->head_length > (int)sizeof c->head - 2) die("head");
        c->head[c->head_length++] = *at++;
        if (c->head_length > 3 && !memcmp(c->head + c->head_length - 4, "\r\n\r\n", 4)) start_body(c);
        break;
      case FIXED:
        at += length;
        c->left -= length;
        if (c->left == 0) {
          note(c, when);
          return 1;
        }
        break;
      case SIZE:
        if (*at == '\n') {
          c->state = c->left == 0 ? LAST : DATA;
          c->line_length = 0;
        } else if (*at != '\r') {
          c->left = c->left * 16 + (*at <= '9' ? *at - '0' : (*at | 32) - 'a' + 10);
        }
        at++;
        break;
      case DATA:
        take(c, at, at + length, when);
        at += length;
        c->left -= length;
        if (c->left == 0) c->state = DATA_END;
        break;
      case DATA_END:
        if (*at++ == '\n') c->state = SIZE;
        break;
      case LAST:
        if (*at++ == '\n') return 1;
        break;
    }
  }
  return 0;
}

static void set_alarm(int timer, double due) {
  struct itimerspec when = {.it_value = {(time_t)(due / 1e9), (long)fmod(due, 1e9)}};
  timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, 0);
}

static double gap(double rate, int poisson) {
  return poisson ? -log(1 - drand48()) * 1e9 / rate : 1e9 / rate;
}

static void read_body(const char *path) {
  FILE *file = fopen(path, "r");
  if (!file) die(path);
  body = malloc(1 << 24);
  body_length = fread(body, 1, 1 << 24, file);
  fclose(file);
}

static void write_stamps(const char *path) {
  FILE *file = fopen(path, "w");
  if (!file) die(path);
  for (long i = 0; i < issued; i++) {
    double head[] = {i, requests[i].due, requests[i].start, requests[i].count};
    fwrite(head, sizeof(double), 4, file);
    fwrite(requests[i].stamps, sizeof(double), requests[i].count, file);
  }
  fclose(file);
}

static double seconds(struct timeval t) { return t.tv_sec + t.tv_usec / 1e6; }

int main(int argc, char **argv) {
  if (argc < 6) return fputs("floor PORT CONNECTIONS REQUESTS BODY STAMPS|- [RATE constant|poisson]\n", stderr), 2;
  port = atoi(argv[1]);
  int wanted = atoi(argv[2]);
  total = atol(argv[3]);
  read_body(argv[4]);
  double rate = argc > 6 ? atof(argv[6]) : 0, due = 0;
  int poisson = argc > 7 && argv[7][0] == 'p', timer = -1;
  requests = calloc(total, sizeof *requests);
  room = rate > 0 ? 16000 : wanted;
  connections = calloc(room, sizeof *connections);
  epoll = epoll_create1(0);
  struct rusage before, after;
  getrusage(RUSAGE_SELF, &before);
  double began = now();
  if (rate > 0) {
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = 0xffffffff};
    epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event);
    set_alarm(timer, due = began + 1e8);
  } else {
    for (int i = 0; i < wanted && issued < total; i++) issue(open_connection(), 0);
  }
  struct epoll_event ready[512];
  while (finished < total) {
    int count = epoll_wait(epoll, ready, 512, -1);
    if (count < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < count; i++) {
      if (ready[i].data.u32 == 0xffffffff) {
        long expired;
        if (read(timer, &expired, sizeof expired) < 0 && errno != EAGAIN) die("timer");
        while (issued < total && due <= now()) {
          int at = idle;
          if (at < 0) at = open_connection();
          else idle = connections[at].next_idle;
          issue(at, due);
          due += gap(rate, poisson);
        }
        if (issued < total) set_alarm(timer, due);
        continue;
      }
      struct connection *c = &connections[ready[i].data.u32];
      long length = read(c->fd, buffer, sizeof buffer);
      double at = now();
      if (length <= 0) die("the server closed a connection");
      reads++;
      if (!feed(c, buffer, buffer + length, at)) continue;
      finished++;
      if (rate > 0) {
        c->next_idle = idle;
        idle = ready[i].data.u32;
      } else if (issued < total) {
        issue(ready[i].data.u32, 0);
      }
    }
  }
  double wall = (now() - began) / 1e9;
  getrusage(RUSAGE_SELF, &after);
  if (strcmp(argv[5], "-")) write_stamps(argv[5]);
  printf("{\"requests\":%ld,\"events\":%ld,\"reads\":%ld,\"errors\":%ld,\"wallSeconds\":%.6f,\"cpuSeconds\":%.6f,"
         "\"peakMb\":%.1f,\"connections\":%d}\n",
         finished, events, reads, errors, wall,
         seconds(after.ru_utime) - seconds(before.ru_utime) + seconds(after.ru_stime) - seconds(before.ru_stime),
         after.ru_maxrss / 1024.0, opened);
  return 0;
}
