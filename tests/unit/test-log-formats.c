/* Logs as the usual servers write them: each is known by its first lines or by --log-format, and gives the
 * arrivals and services that its server meant. */
#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/trace/wp-log-pattern.h"
#include "sim/trace/wp-trace-private.h"
#include "tests/unit/open-data.h"

#define S    WP_NS_PER_S
#define MS   WP_NS_PER_MS
#define NONE WP_TIME_NONE

static const gsize chunks[] = { 1, 7, 65536 };

#define NGINX_LINE(second, rest)                                                                             \
  "203.0.113.7 - - [29/Nov/2026:15:05:" second " +0100] \"GET /api/items?x=1 HTTP/1.1\" 200 612 "            \
  "\"https://example.org/\" \"Mozilla/5.0 (X11; Linux x86_64) \\\"quoted\\\"\"" rest "\n"

#define INGRESS_LINE(second, time, upstream)                                                                 \
  "10.244.0.1 - - [29/Nov/2026:15:05:" second " +0000] \"POST /v1/pay HTTP/2.0\" 200 43 \"-\" "              \
  "\"okhttp/4.12.0\" 1187 " time " [shop-pay-8080] [] 10.244.1.17:8080 43 " upstream                         \
  " 200 4e1f0c2b6d7a4b1c9d8e7f6a5b4c3d2e\n"

#define HAPROXY_LINE(stamp, times)                                                                           \
  "Nov 29 15:05:01 lb1 haproxy[14389]: 10.0.1.2:33317 [29/Nov/2026:15:05:" stamp                             \
  "] http-in~ app/app3 " times                                                                               \
  " 200 2750 - - ---- 1/1/1/1/0 0/0 {example.org} {} \"GET /index.html HTTP/1.1\"\n"

#define ENVOY_LINE(stamp, duration)                                                                          \
  "[2026-11-29T15:05:" stamp "Z] \"POST /api/v1/locations HTTP/2\" 204 - 154 0 " duration " 100 "            \
  "\"10.0.35.28\" \"nsq2http\" \"cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2\" \"locations\" "                      \
  "\"tcp://10.0.2.1:80\"\n"

#define ISTIO_LINE(stamp, duration)                                                                          \
  "[2026-11-29T15:05:" stamp "Z] \"GET /status/418 HTTP/1.1\" 418 - via_upstream - \"-\" 0 135 " duration    \
  " 4 \"-\" \"curl/8.5\" \"84961386-6d84-929d-98bd-c5aee93b5c88\" \"httpbin:8000\" \"10.44.1.27:80\" "       \
  "outbound|8000||httpbin.foo.svc.cluster.local 10.44.1.23:37652 10.0.45.184:8000 10.44.1.23:46520 - default\n"

#define ALB_LINE(stamp, times, created)                                                                      \
  "https 2026-11-29T15:05:" stamp "Z app/my-lb/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 " times      \
  " 200 200 34 366 \"GET https://www.example.com:443/ HTTP/1.1\" \"curl/7.46.0\" "                           \
  "ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 "                                                                     \
  "arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "             \
  "\"Root=1-58337262-36d228ad5d99923122bbe354\" \"www.example.com\" \"session-reused\" 0 "                   \
  "2026-11-29T15:05:" created "Z \"forward\" \"-\" \"-\" \"10.0.0.1:80\" \"200\" \"-\" \"-\"\n"

#define LOGSTASH_LINE(stamp, status)                                                                         \
  "{\"@timestamp\":\"2026-11-29T15:05:" stamp "Z\",\"verb\":\"GET\",\"response\":" status                    \
  ",\"bytes\":\"612\"}\n"

#define CLB_LINE(stamp, times)                                                                               \
  "2026-11-29T15:05:" stamp "Z my-lb 192.168.131.39:2817 10.0.0.1:80 " times " 200 200 0 29 "                \
  "\"GET http://www.example.com:80/ HTTP/1.1\" \"curl/7.38.0 (a, b)\" - -\n"

#define SQUID_LINE(stamp, elapsed)                                                                           \
  stamp " " elapsed " 192.0.2.7 TCP_MISS/200 3000 GET http://example.org/a - HIER_DIRECT/192.0.2.1 "         \
        "text/html\n"

#define IIS_HEAD                                                                                             \
  "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n"                             \
  "#Date: 2026-11-29 15:05:00\r\n"                                                                           \
  "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) "       \
  "cs(Referer) sc-status sc-substatus sc-win32-status time-taken\r\n"
#define IIS_LINE(second, taken)                                                                              \
  "2026-11-29 15:05:" second " 10.0.0.4 GET /orders id=7 443 - 203.0.113.9 Mozilla/5.0+(Windows+NT+10.0) "   \
  "https://example.org/ 200 0 0 " taken "\r\n"

#define CLOUDFRONT_HEAD                                                                                       \
  "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status " \
  "time-taken\n"
#define CLOUDFRONT_LINE(second, taken)                                                                       \
  "2026-11-29\t15:05:" second "\tFRA2\t2390\t192.0.2.10\tGET\td111111abcdef8.cloudfront.net\t/index.html\t"  \
  "200\t" taken "\n"

#define CADDY_LINE(ts, duration)                                                                             \
  "{\"level\":\"info\",\"ts\":" ts ",\"logger\":\"http.log.access\",\"msg\":\"handled request\","            \
  "\"request\":{\"remote_ip\":\"127.0.0.1\",\"method\":\"GET\",\"headers\":{\"Accept\":[\"*/*\"]}},"         \
  "\"bytes_read\":0,\"user_id\":\"\",\"duration\":" duration ",\"size\":10900,\"status\":200}\n"

#define TRAEFIK_LINE(start, duration)                                                                        \
  "{\"ClientAddr\":\"10.0.0.9:1\",\"DownstreamStatus\":200,\"Duration\":" duration ",\"OriginDuration\":9,"  \
  "\"StartLocal\":\"2026-11-29T15:05:" start "Z\",\"StartUTC\":\"2026-11-29T15:05:" start "Z\","             \
  "\"level\":\"info\",\"msg\":\"\",\"time\":\"2026-11-29T15:05:59Z\"}\n"

#define K6_LINE(metric, time, value)                                                                         \
  "{\"metric\":\"" metric "\",\"type\":\"Point\",\"data\":{\"time\":\"2026-11-29T16:05:" time                \
  "+01:00\",\"value\":" value ",\"tags\":{\"status\":\"200\"}}}\n"

#define CONTAINER "2026-11-29T15:05:01.123456789Z stdout F "

#define UNCLEAR " may be a request time, a size or an id: say which with --log-format, e.g. --log-format="

#define UNCLEAR_WORD UNCLEAR "combined for none, or the server's own format"

#define UNCLEAR_NUMBER(first)                                                                                \
  UNCLEAR first "combined+rt for a request time in seconds, combined for none, or the server's own "         \
                "format, such as '%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\" %{ms}T'"

#define UNCLEAR_DIGITS UNCLEAR_NUMBER ("combined+D for Apache's %D, ")

#define OF_NO_KNOWN_LOG                                                                                      \
  " is neither a header nor a line of a known log; say the log's format, as in --log-format='$remote_addr "  \
  "[$time_local] \"$request\" $status $request_time $rest' (of an access log that begins with other lines: " \
  "--input=clf)"

#define NOTHING                                                                                              \
  {                                                                                                          \
    NONE, NONE                                                                                               \
  }

/* Two rows each; arrivals count from the first. */
static const struct {
  const char *log_format, *text, *title;
  gint64 second_ns, services_ns[2];
} logs[] = {
  { NULL, NGINX_LINE ("01", "") NGINX_LINE ("03", ""), "access log", 2 * S, NOTHING },
  { NULL,
    NGINX_LINE ("01", " 0.045") NGINX_LINE ("03", " 0.030"),
    "access log",
    2015 * MS,
    { 45 * MS, 30 * MS } },
  { NULL,
    NGINX_LINE ("01", " rt=0.100") NGINX_LINE ("03", " rt=0.010, - : 0.014 uct=0.001, 0.002"),
    "access log",
    2076 * MS,
    { 100 * MS, 24 * MS } },
  { NULL,
    NGINX_LINE ("01", " 0.100") NGINX_LINE ("03", " -, 0.014"),
    "access log",
    2086 * MS,
    { 100 * MS, 14 * MS } },
  { NULL,
    NGINX_LINE ("01", " rt=0.045 uct=\"0.000\" urt=\"0.044, 0.001\"")
        NGINX_LINE ("03", " rt=0.030 uct=\"-\" urt=\"-\""),
    "access log",
    2015 * MS,
    { 45 * MS, 30 * MS } },
  { NULL,
    NGINX_LINE ("01", " 45.0 ms") NGINX_LINE ("03", " 30 ms"),
    "access log",
    2015 * MS,
    { 45 * MS, 30 * MS } },
  { "combined+rt",
    NGINX_LINE ("01", " \"0.045\" \"-\"") NGINX_LINE ("03", " \"0.030\""),
    "access log, Combined with a request time",
    2015 * MS,
    { 45 * MS, 30 * MS } },
  { "combined+D",
    NGINX_LINE ("01", " 45000") NGINX_LINE ("03", " 30000"),
    "access log, Combined with Apache's %D",
    2 * S,
    { 45 * MS, 30 * MS } },
  { "combined", NGINX_LINE ("01", " 45000") NGINX_LINE ("03", " 30000"), "access log, Combined", 2 * S,
    NOTHING },
  { "LogFormat \"%h %l %u %t \\\"%r\\\" %>s %b \\\"%{Referer}i\\\" \\\"%{User-Agent}i\\\" **%T/%D**\" timed",
    NGINX_LINE ("01", " **0/45000**") NGINX_LINE ("03", " **0/30000**"),
    "log of its own format of Apache",
    2 * S,
    { 45 * MS, 30 * MS } },
  { "log_format rt escape=none '$remote_addr - $remote_user [$time_local] \"$request\" $status '\n"
    "  '$body_bytes_sent \"$http_referer\" \"$http_user_agent\" $request_time';",
    NGINX_LINE ("01", " 0.045") NGINX_LINE ("03", " 0.030"),
    "log of its own format of nginx",
    2015 * MS,
    { 45 * MS, 30 * MS } },
  { "[%{%d/%b/%Y:%T}t.%{msec_frac}t %{%z}t] %D",
    "[29/Nov/2026:15:05:01.126 +0000] 45000\n[29/Nov/2026:15:05:03.250 +0000] 30000\n",
    "log of its own format of Apache",
    2124 * MS,
    { 45 * MS, 30 * MS } },
  { "%{%F}t %{%T}t.%{usec_frac}t%{%z}t %D",
    "2026-11-29 15:05:01.126000+0000 45000\n2026-11-29 15:05:03.250000+0000 30000\n",
    "log of its own format of Apache",
    2124 * MS,
    { 45 * MS, 30 * MS } },
  { "%{sec}t.%{usec_frac}t %D",
    "1796010726.126000 45000\n1796010728.250000 30000\n",
    "log of its own format of Apache",
    2124 * MS,
    { 45 * MS, 30 * MS } },
  { "%h %l %u %t \\\"%r\\\" %>s %b \\\"%{Referer}i\\\" \\\"%{User-Agent}i\\\" %{ms}T",
    NGINX_LINE ("01", " 45") NGINX_LINE ("03", " 30"),
    "log of its own format of Apache",
    2 * S,
    { 45 * MS, 30 * MS } },
  { "'$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" "
    "\"$http_user_agent\" ${request_length} $request_time $upstream_response_time $pipe'",
    NGINX_LINE ("01", " 817 0.045 0.010, 0.014 : 0.001 .") NGINX_LINE ("03", " 9 0.030 - p"),
    "log of its own format of nginx",
    2015 * MS,
    { 45 * MS, 30 * MS } },
  { "$msec|$request_time|$uri",
    "1700000000.125|0.025|/a b\n1700000001.000|0.500|/\n",
    "log of its own format of nginx",
    400 * MS,
    { 25 * MS, 500 * MS } },
  { "%{usec}t %D",
    "1700000000125000 25000\n1700000001125000 100\n",
    "log of its own format of Apache",
    S,
    { 25 * MS, 100000 } },
  { NULL,
    "www.example.org:443 203.0.113.7 - frank z [29/Nov/2026:15:05:01 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"-\"\n"
    "www.example.org:443 203.0.113.7 - - [29/Nov/2026:15:05:02 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"-\"\n",
    "access log, Combined with virtual hosts", S, NOTHING },
  { "combinedio", NGINX_LINE ("01", " 300 900") NGINX_LINE ("03", " 300 900"),
    "access log, Combined with sizes", 2 * S, NOTHING },
  { NULL,
    INGRESS_LINE ("01", "0.048", "0.010, 0.038") INGRESS_LINE ("02", "0.040", "0.040"),
    "access log of ingress-nginx",
    1008 * MS,
    { 48 * MS, 40 * MS } },
  { NULL,
    HAPROXY_LINE ("01.250", "10/0/30/69/109") HAPROXY_LINE ("01.655", "-1/-1/-1/-1/-1"),
    "HTTP log of HAProxy",
    405 * MS,
    { 109 * MS, NONE } },
  { NULL,
    ENVOY_LINE ("01.310", "226") ENVOY_LINE ("01.400", "7"),
    "access log of Envoy",
    90 * MS,
    { 226 * MS, 7 * MS } },
  { NULL,
    ISTIO_LINE ("01.310", "226") ISTIO_LINE ("01.400", "7"),
    "access log of Istio",
    90 * MS,
    { 226 * MS, 7 * MS } },
  { NULL,
    ALB_LINE ("02.186641", "0.000 0.001 0.000", "02.185641") ALB_LINE ("03.000000", "-1 -1 -1", "02.985641"),
    "access log of an AWS ALB",
    800 * MS,
    { MS, NONE } },
  { NULL,
    IIS_HEAD IIS_LINE ("01", "45") IIS_HEAD IIS_LINE ("03", "30"),
    "W3C extended log of IIS",
    2015 * MS,
    { 45 * MS, 30 * MS } },
  { NULL,
    IIS_HEAD IIS_LINE ("01", "45") "#Fields: sc-status date time cs-bytes time-taken\r\n"
                                   "200 2026-11-29 15:05:03 512 30\r\n",
    "W3C extended log of IIS",
    2015 * MS,
    { 45 * MS, 30 * MS } },
  { NULL,
    CLOUDFRONT_HEAD CLOUDFRONT_LINE ("01", "0.045") CLOUDFRONT_LINE ("03", "0.030"),
    "W3C extended log",
    2015 * MS,
    { 45 * MS, 30 * MS } },
  { NULL,
    CADDY_LINE ("1646861401.5241024", "0.000929675") CADDY_LINE ("1646861402.5241024", "0.000929675"),
    "JSON lines of Caddy",
    S,
    { 929675, 929675 } },
  { "traefik",
    TRAEFIK_LINE ("01.123456789", "45000000") TRAEFIK_LINE ("01.123456790", "7"),
    "JSON lines of Traefik",
    1,
    { 45 * MS, 7 } },
  { NULL,
    "{\"time_iso8601\":\"2026-11-29T15:05:01+00:00\",\"status\":200,\"request_time\":\"0.045\"}\n"
    "{\"time_iso8601\":\"2026-11-29T15:05:03+00:00\",\"status\":200,\"request_time\":0.030}\n",
    "JSON lines of nginx",
    2015 * MS,
    { 45 * MS, 30 * MS } },
  { NULL,
    "{\"type\":\"Metric\",\"metric\":\"http_reqs\"}\n" K6_LINE ("http_reqs", "01.5", "1")
        K6_LINE ("http_req_duration", "01.5", "45") K6_LINE ("vus", "02.0", "9")
            K6_LINE ("http_req_duration", "03.5", "30"),
    "JSON lines of k6",
    2015 * MS,
    { 45 * MS, 30 * MS } },
  { NULL,
    "metric_name,timestamp,metric_value,status\nhttp_reqs,1700000001,1,200\nhttp_req_duration,1700000001,45,200\n"
    "http_req_duration,1700000003,30,200\n",
    "CSV of k6",
    2015 * MS,
    { 45 * MS, 30 * MS } },
  { NULL,
    "{\"start_time\":\"2026-11-29T15:05:01.310Z\",\"duration\":226}\n{\"start_time\":\"2026-11-29T15:05:01.400Z\",\"duration\":7}\n",
    "JSON lines of Envoy",
    90 * MS,
    { 226 * MS, 7 * MS } },
  { NULL, LOGSTASH_LINE ("01.310", "\"200\"") LOGSTASH_LINE ("01.400", "404"), "JSON lines", 90 * MS,
    NOTHING },
  { NULL,
    "{\"ts\":1.5,\"duration\":0.5,\"service\":7,\"response\":512,\"outcome\":\"success\",\"bytes\":\"1.2k\"}\n"
    "{\"ts\":2.5,\"duration\":1,\"service\":\"web\",\"started\":\"yes\"}\n",
    "JSON lines of Caddy",
    500 * MS,
    { 500 * MS, S } },
  { NULL,
    "{\"arrival\":1,\"Service\":0.5}\n{\"arrival\":2,\"Service\":0.25,\"response\":200}\n",
    "JSON lines",
    S,
    { 500 * MS, 250 * MS } },
  { NULL, "ARRIVAL,Service\n1,0.5\n2,0.25\n", "CSV", S, { 500 * MS, 250 * MS } },
  { NULL, "arrival,Service,service\n1,9,0.5\n2,9,0.25\n", "CSV", S, { 500 * MS, 250 * MS } },
  { NULL,
    "\xef\xbb\xbf"
    "arrival,service\n1,0.5\n\xef\xbb\xbf"
    "arrival,service\n2,0.25\n",
    "CSV",
    S,
    { 500 * MS, 250 * MS } },
  { NULL,
    CLB_LINE ("01.250", "0.000073 0.045 0.000057") CLB_LINE ("01.500", "-1 -1 -1"),
    "access log of an AWS CLB",
    250 * MS,
    { 45 * MS, NONE } },
  { NULL,
    SQUID_LINE ("1700000000.125", "    25") SQUID_LINE ("1700000001.125", "   500"),
    "native log of Squid",
    525 * MS,
    { 25 * MS, 500 * MS } },
  { NULL,
    "# of web1\n# 2 lines\n" NGINX_LINE ("01", " 0.045") "#\n" NGINX_LINE ("03", " 0.030"),
    "access log",
    2015 * MS,
    { 45 * MS, 30 * MS } },
  { NULL,
    "# of lb1\n" ENVOY_LINE ("01.310", "226") ENVOY_LINE ("01.400", "7"),
    "access log of Envoy",
    90 * MS,
    { 226 * MS, 7 * MS } },
  { NULL,
    "# of edge\n#Version: 1.0\n" CLOUDFRONT_HEAD CLOUDFRONT_LINE ("01", "0.045")
        CLOUDFRONT_LINE ("03", "0.030"),
    "W3C extended log",
    2015 * MS,
    { 45 * MS, 30 * MS } },
  { NULL,
    "# keys\n{\"ts\":1.5,\"duration\":0.5}\n#\n{\"ts\":2.5,\"duration\":1}\n",
    "JSON lines of Caddy",
    500 * MS,
    { 500 * MS, S } },
  { NULL,
    CONTAINER NGINX_LINE ("01", " 0.045") CONTAINER NGINX_LINE ("03", " 0.030"),
    "access log",
    2015 * MS,
    { 45 * MS, 30 * MS } },
  { NULL,
    CONTAINER INGRESS_LINE ("01", "0.048", "0.048") INGRESS_LINE ("02", "0.040", "0.040"),
    "access log of ingress-nginx",
    1008 * MS,
    { 48 * MS, 40 * MS } },
  { NULL,
    CONTAINER ENVOY_LINE ("01.310", "226") CONTAINER ENVOY_LINE ("01.400", "7"),
    "access log of Envoy",
    90 * MS,
    { 226 * MS, 7 * MS } },
  { "$msec $request_time",
    CONTAINER "1700000000.125 0.025\n" CONTAINER "1700000001.000 0.500\n",
    "log of its own format of nginx",
    400 * MS,
    { 25 * MS, 500 * MS } },
  { NULL,
    CONTAINER "{\"ts\":1.5,\"duration\":0.5}\n" CONTAINER "{\"ts\":2.5,\"duration\":1}\n",
    "JSON lines of Caddy",
    500 * MS,
    { 500 * MS, S } },
  { NULL,
    "Nov 29 15:05:01 web1 app[7]: {\"ts\":1.5,\"duration\":0.5}\n"
    "Nov 29 15:05:02 web1 app[7]: {\"ts\":2.5,\"duration\":1}\n",
    "JSON lines of Caddy",
    500 * MS,
    { 500 * MS, S } },
  { NULL,
    "2026-11-29T15:05:01+01:00 web1 nginx[7]: " NGINX_LINE (
        "01", " 0.045") "2026-11-29T15:05:03+01:00 web1 nginx[7]: " NGINX_LINE ("03", " 0.030"),
    "access log",
    2015 * MS,
    { 45 * MS, 30 * MS } },
  { NULL,
    "www.example.org:443 " NGINX_LINE ("01", " 0.045") "www.example.org:443 " NGINX_LINE ("03", " 0.030"),
    "access log",
    2015 * MS,
    { 45 * MS, 30 * MS } },
  { NULL,
    "::1 - - [2026-11-29T15:05:01+01:00] \"GET / HTTP/1.1\" 200 5 \"-\" \"-\" 0.045\n"
    "::1 - - [2026-11-29T15:05:03+01:00] \"GET / HTTP/1.1\" 200 5 \"-\" \"-\" 0.030\n",
    "access log",
    2015 * MS,
    { 45 * MS, 30 * MS } },
  { NULL,
    "::1 - - [1700000001.250] \"GET / HTTP/1.1\" 200 5 0.050\n"
    "::1 - - [1700000002.250] \"GET / HTTP/1.1\" 200 5 0.025\n",
    "access log",
    1025 * MS,
    { 50 * MS, 25 * MS } },
  { "%{end:msec}t %{ms}T",
    "1700000000125 25\n1700000001125 500\n",
    "log of its own format of Apache",
    525 * MS,
    { 25 * MS, 500 * MS } },
  { "%{sec}t %T %D",
    "1700000000 0 25000\n1700000001 0 500000\n",
    "log of its own format of Apache",
    S,
    { 25 * MS, 500 * MS } },
  { "%{%Y-%m-%d %H:%M:%S %z}t %D",
    "2026-11-29 15:05:01 +0100 25000\n2026-11-29 15:05:02 +0100 500000\n",
    "log of its own format of Apache",
    S,
    { 25 * MS, 500 * MS } },
  { "log_format timed '$msec \\t\"$http_user_agent\" '\n  '$request_time';",
    "1700000000.125 \t\"Mozilla/5.0 (X11)\" 0.025\n1700000001.000 \t\"-\" 0.500\n",
    "log of its own format of nginx",
    400 * MS,
    { 25 * MS, 500 * MS } },
  { "$msec|$http_user_agent|$request_time",
    "1700000000.125|Mozilla/5.0 (X11)|0.025\n1700000001.000|-|0.500\n",
    "log of its own format of nginx",
    400 * MS,
    { 25 * MS, 500 * MS } },
  { "LogFormat \"%{usec}t %D %^FB \\\"%r\\\"\" timed",
    "1700000000125000 25000 3 \"GET /\"\n1700000001125000 100 3 \"-\"\n",
    "log of its own format of Apache",
    S,
    { 25 * MS, 100000 } },
  { "$time_local $request_time",
    "29/Nov/2026:15:05:01 +0100 0.045\n29/Nov/2026:15:05:03 +0100 0.030\n",
    "log of its own format of nginx",
    2015 * MS,
    { 45 * MS, 30 * MS } },
};

/* The service time of a row; the response time where the log has only that. */
static gint64
logged_time (const WpRow *row)
{
  return row->service_ns == WP_TIME_NONE ? row->response_ns : row->service_ns;
}

static WpTrace *
load (const char *text, const WpTraceOptions *options, gsize chunk_bytes, const WpRow **rows, gsize *n)
{
  g_autoptr (GError) error = NULL;
  WpTrace *trace
      = wp_trace_open_input (wp_input_open_data ("t", text, strlen (text)), chunk_bytes, options, &error);

  g_assert_no_error (error);
  *rows = wp_trace_load (trace, n, &error);
  g_assert_no_error (error);

  return trace;
}

static void
test_logs (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (logs); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (chunks); j++)
      {
        WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
        g_autoptr (WpTrace) trace = NULL;
        const WpRow *rows;
        gsize n;

        g_test_message ("%s", logs[i].text);
        options.log_format = logs[i].log_format;
        trace = load (logs[i].text, &options, chunks[j], &rows, &n);
        g_assert_cmpstr (wp_trace_title (trace), ==, logs[i].title);
        g_assert_cmpuint (n, ==, 2);
        g_assert_cmpint (rows[1].arrival_ns, ==, logs[i].second_ns);
        g_assert_cmpint (logged_time (&rows[0]), ==, logs[i].services_ns[0]);
        g_assert_cmpint (logged_time (&rows[1]), ==, logs[i].services_ns[1]);
      }
}

/* Stamps of whole seconds are counted first; then bad lines after the last row count too. */
static void
test_bad_lines_at_the_end (void)
{
  static const char text[] = NGINX_LINE ("01", " 0.5") NGINX_LINE ("01", " 0.5") "bad\nworse\n";
  g_autofree char *cut = g_strconcat (text, "203.0.1", NULL);
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
  g_autoptr (WpTrace) trace = NULL;
  const WpRow *rows;
  gsize n;

  options.max_bad = 0.5;
  trace = load (cut, &options, 7, &rows, &n);
  g_assert_cmpuint (n, ==, 2);
  wp_trace_append_notes (trace, notes);
  g_assert_cmpuint (notes->len, ==, 3);
  g_assert_true (g_str_has_prefix (notes->pdata[2], "2 bad rows of 4 were left out: t:3: "));
  g_assert_true (g_str_has_suffix (notes->pdata[2], "; the last line is cut, and was left out"));
}

/* Where nothing is a time by its name, a column may be one. */
static void
test_guessed_columns (void)
{
  static const struct {
    const char *text, *note;
  } cases[] = {
    { "arrival,service_ms\n1,2\n",
      "no column is a request time by its name; if this one is: --columns 'service=[service_ms]/1000'" },
    { "{\"arrival\":1,\"http\":{\"latency\":2}}\n",
      "no column is a request time by its name; if this one is: --columns 'response=[http.latency]' "
      "(of milliseconds: /1000)" },
    { "arrival,elapsedUs\n1,2\n",
      "no column is a request time by its name; if this one is: --columns 'response=[elapsedUs]/1e6'" },
    { "{\"arrival\":1,\"event\":{\"duration\":2}}\n",
      "no column is a request time by its name; if this one is: --columns "
      "'response=[event.duration]/1e9'" },
    { "arrival,\xfflatency\n1,2\n", NULL },
    { "arrival,service_name,start\n1,web,2\n", NULL },
    { "{\"arrival\":1,\"rt\":2}\n",
      "no column is a request time by its name; if this one is: --columns 'response=[rt]' (of milliseconds: "
      "/1000)" },
    { "arrival,service,latency\n1,2,3\n", NULL },
    { "arrival,path\n1,/\n", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
      WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
      g_autoptr (WpTrace) trace = NULL;
      const WpRow *rows;
      gsize n;

      trace = load (cases[i].text, &options, 65536, &rows, &n);
      wp_trace_append_notes (trace, notes);
      g_assert_cmpuint (notes->len, ==, cases[i].note != NULL);
      if (cases[i].note != NULL)
        g_assert_cmpstr (notes->pdata[0], ==, cases[i].note);
    }
}

/* A log that is being written ends anywhere, and one of a container begins with its start. */
static void
test_lines_that_are_none (void)
{
  static const char notice[] = "2026/11/29 15:05:01 [notice] 1#1: start worker process 7\n";
  g_autofree char *cut = g_strndup (NGINX_LINE ("02", " 0.5"), 60);
  g_autofree char *one = g_strconcat (NGINX_LINE ("01", " 0.5"), cut, NULL);
  g_autofree char *envoy = g_strconcat (ENVOY_LINE ("01.310", "226"), "[2026-11-29T15:0", NULL);
  g_autoptr (GString) started = g_string_new (NULL);
  struct {
    const char *text, *title;
  } cases[] = {
    { one, "access log" },
    { envoy, "access log of Envoy" },
    { NULL, "access log" },
    { "\"tags\": {\"a\": 1}}\n{\"ts\": 1.5, \"duration\": 0.5, \"tags\": {\"a\": 1}}\n",
      "JSON lines of Caddy" },
    { "Nov 29 15:05:01 web1 app[7]: it has started\nNov 29 15:05:02 web1 app[7]: {\"ts\":1.5,\"duration\":0.5}\n"
      "Nov 29 15:05:03 web1 app[7]: {\"msg\":\"x\"}\n",
      "JSON lines of Caddy" },
    { "it has started\n{\"ts\":1.5,\"duration\":0.5}\n{\"msg\":\"x\"}\n", "JSON lines of Caddy" }
  };

  for (int i = 0; i < 15; i++)
    g_string_append (started, notice);
  g_string_append (started, NGINX_LINE ("01", " 0.5"));
  cases[2].text = started->str;
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (chunks); j++)
      {
        WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
        g_autoptr (WpTrace) trace = NULL;
        const WpRow *rows;
        gsize n;

        options.max_bad = 0.95;
        trace = load (cases[i].text, &options, chunks[j], &rows, &n);
        g_assert_cmpstr (wp_trace_title (trace), ==, cases[i].title);
        g_assert_cmpuint (n, ==, 1);
      }
}

static void
test_kinds_by_first_lines (void)
{
  static const struct {
    const char *text, *title;
  } cases[] = {
    { "arrival,service\n1,2\n", "CSV" },
    { "\xef\xbb\xbf\n\n# mode: all\narrival\n1\n", "CSV" },
    { "\n{\"arrival\":1}\n", "JSON lines" },
    { "1\" 200 5 \"-\" \"cut off\"\n" NGINX_LINE ("01", "") NGINX_LINE ("01", "") NGINX_LINE ("01", ""),
      "access log" },
    { "arrival;service;id\n1,5;0,25;a,b\n2;1;\n", "CSV with semicolons" },
    { "arrival\tservice\n1,5\t0.25\n", "CSV with tabs" },
    { "timestamp,request_time\n1700000000.5,0.25\n", "CSV of nginx" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
      g_autoptr (WpTrace) trace = NULL;
      const WpRow *rows;
      gsize n;

      options.max_bad = 0.5;
      trace = load (cases[i].text, &options, 1, &rows, &n);
      g_assert_cmpstr (wp_trace_title (trace), ==, cases[i].title);
      g_assert_cmpuint (n, >, 0);
      if (g_str_equal (cases[i].title, "CSV with semicolons"))
        {
          g_assert_cmpint (logged_time (&rows[0]), ==, 250 * MS);
          g_assert_cmpint (rows[1].arrival_ns, ==, 500 * MS);
          g_assert_cmpstr (rows[0].id, ==, "a,b");
        }
    }
}

static const struct {
  const char *log_format, *text, *message;
} bad_logs[] = {
  { "combined+x", "",
    "--log-format: \"combined+x\" is no log_format of nginx ($time_local ...), no LogFormat of Apache "
    "(%t ...), and none of the names common, combined, combined+rt, combined+D, combinedio, "
    "vhost_combined, ingress-nginx, haproxy, envoy, istio, clb, squid, alb, caddy, traefik" },
  { NULL, NGINX_LINE ("01", " \"0.045\""), "t:1: \"0.045\"" UNCLEAR_NUMBER ("") },
  { NULL, NGINX_LINE ("01", " \"45\""), "t:1: \"45\"" UNCLEAR_DIGITS },
  { NULL, NGINX_LINE ("01", " [0.045]"), "t:1: \"[0.045]\"" UNCLEAR_WORD },
  { NULL, NGINX_LINE ("01", " bytes=9 duration_ms=45"), "t:1: \"duration_ms=45\"" UNCLEAR_WORD },
  { NULL, NGINX_LINE ("01", " **0/45000**"), "t:1: \"**0/45000**\"" UNCLEAR_WORD },
  { NULL, NGINX_LINE ("01", " HIT urt=0.044"), "t:1: \"urt=0.044\"" UNCLEAR_WORD },
  { NULL, NGINX_LINE ("01", " 0.045 0.044"), "t:1: \"0.045 0.044\"" UNCLEAR_WORD },
  { NULL, "www.example.org:443 " NGINX_LINE ("01", " 45000"), "t:1: \"45000\"" UNCLEAR_DIGITS },
  { "vhost_combined", "www.example.org:443 " NGINX_LINE ("01", " 45000"),
    "t:1: the line goes on after the log's format, at byte 171: \" 45000\" ($rest at the end of "
    "--log-format takes it)" },
  { "$a$b", "", "--log-format: \"$a$b\" has nothing between two of its variables" },
  { "$a $", "", "--log-format: \"$a $\" has a $ without a variable" },
  { "%h %?", "", "--log-format: \"%h %?\" has a % that is no directive of Apache's LogFormat" },
  { "$rest $a", "", "--log-format: \"$rest $a\" goes on after $rest" },
  { "%%", "", "--log-format: \"%%\" has no variables such as $time_local or %t" },
  { "$a|$b", "1|2\n",
    "t: no column \"arrival\"; the columns are \"a\", \"b\"; say which has the time, as in --columns 'arrival=[NAME]'" },
  { "$msec|$b", "1|2\n1\n",
    "t:2: the line is not of the log's format: at byte 1 expected a value and \"|\", found \"1\"" },
  { "[$msec]", "[1]\n[1] x\n",
    "t:2: the line goes on after the log's format, at byte 4: \" x\" ($rest at the end of --log-format takes it)" },
  { NULL, "#Version: 1.0\n1 2\n", "t:2: no line #Fields: before the first row" },
  { NULL, "#Fields: date time x\n2026-11-29 15:05:01 1\n2026-11-29 15:05:01\n1 2 3 4\n",
    "t:3: 2 values, #Fields: names 3 (2 of 3 rows are bad, more than --max-bad=1%)" },
  { NULL, "#Fields: date time time-taken\n2026-11-29 15:05:01 30\n",
    "t:2: time-taken has no point: is it seconds or milliseconds? Say it: --columns "
    "'arrival=time-[time-taken]/1000,response=[time-taken]/1000', or without /1000" },
  { NULL, "#Fields: date time x\n2026-11-29 15:05:01 1\n#Fields: date time time-taken\n",
    "t:3: #Fields: names time-taken, and does not above: split the log here" },
  { NULL, "arrival,service,id\n1,0.5,a\nid,service,arrival\n",
    "t:3: the header again, in another order: give the parts as several files" },
  { NULL, "{\"log\":\"::1 - - [10/Oct/2000:13:55:36 -0700]\\n\",\"stream\":\"stdout\",\"time\":\"2026\"}\n",
    "t:1: this is a log of Docker, with the server's lines in it: convert it, jq -rj .log 't'" },
  { NULL, "{\"a\":1}\n{\"time\":\"2026-11-29T15:05:01Z\",\"request_time\":\"45\"}\n",
    "t:1: [request_time] has no point: is it seconds or milliseconds? Say it: --columns "
    "'arrival=[time]-[request_time]/1000,response=[request_time]/1000', or without /1000" },
  { "$status $request_time", "200 0.5\n",
    "t: no column \"arrival\"; the columns are \"status\", \"request_time\"; say which has the time, as in "
    "--columns 'arrival=[NAME],response=[request_time]'" },
  { NULL, "arrival_time;service_time\n1;2\n",
    "t:1: no column \"arrival\"; the columns are \"arrival_time\", \"service_time\"; say which has the time, as in "
    "--columns 'arrival=[arrival_time],service=[service_time]'" },
  { NULL, "date,time,latency\n2026-11-29,15:05:01,0.045\n",
    "t:1: no column \"arrival\"; the columns are \"date\", \"time\", \"latency\"; say which has the time, as in "
    "--columns 'arrival=[date]+[time],response=[latency]'" },
  { NULL, "#Fields: time date time-taken\n15:05:01 2026-11-29 30\n",
    "t:2: time-taken has no point: is it seconds or milliseconds? Say it: --columns "
    "'arrival=[date]+[time]-[time-taken]/1000,response=[time-taken]/1000', or without /1000" },
  { NULL, "{\"date\":\"2026-11-29\",\"time\":\"15:05:01\"}\n",
    "t:1: column \"time\": \"15:05:01\" is a time of day: --columns 'arrival=[DATE]+[time]' adds "
    "its date, 'arrival=0+[time]' is for one day" },
  { NULL, "2026-11-29T15:05:01Z,0.5,GET\n",
    "t:1: no column \"arrival\": the first line has values; put the names of the columns above it, such as "
    "arrival,service" },
  { NULL, "INFO: 192.0.2.1 - \"GET / HTTP/1.1\" 200\n",
    "t:1: \"INFO: 192.0.2.1 - \\\"GET / HTTP/1.1\\\" 200\"" OF_NO_KNOWN_LOG },
  { NULL, "time=2026 level=info duration=3ms\n",
    "t:1: \"time=2026 level=info duration=3ms\"" OF_NO_KNOWN_LOG },
  { NULL, "Nov 29 15:05:01 web1 sshd[7]\n", "t:1: \"Nov 29 15:05:01 web1 sshd[7]\"" OF_NO_KNOWN_LOG },
};

/* What a message suggests reads the log, as it would be pasted. */
static void
check_suggestions (const char *text, const char *message)
{
  g_autoptr (GRegex) regex = g_regex_new ("--log-format=([a-z+D]+)|, (combined\\+rt) for|([a-z]+) for none"
                                          "|such as '([^']*%[^']*)'|--columns '([^']*)'",
                                          0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;

  for (g_regex_match (regex, message, 0, &match); g_match_info_matches (match);
       g_match_info_next (match, NULL))
    {
      int group = g_match_info_get_match_count (match) - 1;
      g_autofree char *suggestion = g_match_info_fetch (match, group);
      WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
      g_autoptr (WpTrace) trace = NULL;
      const WpRow *rows;
      gsize n;

      g_test_message ("%s", suggestion);
      *(group == 5 ? &options.columns : &options.log_format) = suggestion;
      trace = load (text, &options, 65536, &rows, &n);
      g_assert_cmpuint (n, >, 0);
    }
}

static void
test_bad_logs (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (bad_logs); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (chunks); j++)
      {
        WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
        g_autoptr (GError) error = NULL;
        g_autoptr (WpTrace) trace = NULL;
        gsize n;

        options.log_format = bad_logs[i].log_format;
        trace = wp_trace_open_input (wp_input_open_data ("t", bad_logs[i].text, strlen (bad_logs[i].text)),
                                     chunks[j], &options, &error);
        if (trace != NULL)
          g_assert_null (wp_trace_load (trace, &n, &error));
        g_assert_nonnull (error);
        g_assert_cmpstr (error->message, ==, bad_logs[i].message);
        if (j == 0 && strstr (error->message, "[NAME]") == NULL && strstr (error->message, "[DATE]") == NULL
            && strstr (error->message, "$rest") == NULL)
          check_suggestions (bad_logs[i].text, error->message);
      }
}

/* 1 % of a log may be bad; the report says how many lines were, and where the first three are. */
static void
test_bad_lines (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
  g_autoptr (WpTrace) trace = NULL, strict = NULL;
  g_autoptr (GError) error = NULL;
  const WpRow *rows;
  gsize n;

  for (int i = 0; i < 1000; i++)
    g_string_append (text, i % 250 == 200 ? "bad\n" : "{\"arrival\":1.5}\n");
  g_string_append (text, "{\"note\":\"no arrival\"}\n{\"arrival\":1");
  trace = load (text->str, &options, 7, &rows, &n);
  g_assert_cmpuint (n, ==, 996);
  wp_trace_append_notes (trace, notes);
  g_assert_cmpuint (notes->len, ==, 2);
  g_assert_cmpstr (notes->pdata[0], ==, "1 line without an arrival was left out");
  g_assert_cmpstr (
      notes->pdata[1], ==,
      "4 bad rows of 1000 were left out: t:201: at byte 1: expected an object: {, found \"bad\"; "
      "t:451: at byte 1: expected an object: {, found \"bad\"; "
      "t:701: at byte 1: expected an object: {, found \"bad\"; the last line is cut, and was left out");
  options.max_bad = 0.003;
  strict = open_data ("t", text->str, text->len, &options, &error);
  g_assert_no_error (error);
  g_assert_null (wp_trace_load (strict, &n, &error));
  g_assert_error (error, WP_ERROR, WP_ERROR_BAD_TRACE);
  g_assert_cmpstr (
      error->message, ==,
      "t:201: at byte 1: expected an object: {, found \"bad\" (4 of 1000 rows are bad, more than "
      "--max-bad=0.3%)");
}

static void
test_stamps (void)
{
  static const struct {
    const char *text;
    WpStampMode stamps;
    gint64 arrivals_ns[3];
    const char *note;
  } cases[] = {
    { "arrival\n2026-11-29T15:05:01Z\n2026-11-29T15:05:01Z\n2026-11-29T15:05:02Z\n",
      WP_STAMPS_AUTO,
      { 0, 500 * MS, 1250 * MS },
      "stamps are whole seconds: their requests are spread evenly over them (--stamps=as-is leaves them)" },
    { "{\"arrival\":1700000001}\n{\"arrival\":1700000001}\n{\"arrival\":1700000002}\n",
      WP_STAMPS_AUTO,
      { 0, 500 * MS, 1250 * MS },
      "stamps are whole seconds: their requests are spread evenly over them (--stamps=as-is leaves them)" },
    { "arrival\n1700000001\n1700000001\n1700000002\n",
      WP_STAMPS_AS_IS,
      { 0, 0, S },
      "arrivals are whole seconds, several at once, and are taken as they are (--stamps=spread spreads them)" },
    { "# wp: a server's record\narrival\n1700000001\n1700000001\n1700000002\n",
      WP_STAMPS_AUTO,
      { 0, 0, S },
      "arrivals are whole seconds, several at once, and are taken as they are (--stamps=spread spreads them)" },
    { "arrival\n1\n1\n2\n",
      WP_STAMPS_AUTO,
      { 0, 0, S },
      "arrivals are whole seconds, several at once, and are taken as they are (--stamps=spread spreads them)" },
    { "arrival\n1\n1\n2\n",
      WP_STAMPS_SPREAD,
      { 0, 500 * MS, 1250 * MS },
      "stamps are whole seconds: their requests are spread evenly over them (--stamps=as-is leaves them)" },
    { "arrival\n1700000001\n1700000002\n1700000003\n", WP_STAMPS_AUTO, { 0, S, 2 * S }, NULL },
    { "arrival\n1700000001\n1700000001\n1700000002.5\n", WP_STAMPS_AUTO, { 0, 0, 1500 * MS }, NULL },
    { "arrival\n1700000001000\n1700000001500\n1700000002000\n",
      WP_STAMPS_AUTO,
      { 0, 500 * MS, S },
      "arrivals are milliseconds since 1970, by their size" },
    { "arrival\n1700000001000001\n1700000001000002\n1700000001000004\n",
      WP_STAMPS_AUTO,
      { 0, 1000, 3000 },
      "arrivals are microseconds since 1970, by their size" },
    { "arrival\n1700000001000000001\n1700000001000000002\n1700000001000000004\n",
      WP_STAMPS_AUTO,
      { 0, 1, 3 },
      "arrivals are nanoseconds since 1970, by their size" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (chunks); j++)
      {
        WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
        g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
        g_autoptr (WpTrace) trace = NULL;
        const WpRow *rows;
        gsize n;

        options.stamps = cases[i].stamps;
        trace = load (cases[i].text, &options, chunks[j], &rows, &n);
        g_assert_cmpuint (n, ==, 3);
        for (gsize k = 0; k < n; k++)
          g_assert_cmpint (rows[k].arrival_ns, ==, cases[i].arrivals_ns[k]);
        wp_trace_append_notes (trace, notes);
        g_assert_cmpuint (notes->len, ==, cases[i].note != NULL);
        if (cases[i].note != NULL)
          g_assert_cmpstr (notes->pdata[0], ==, cases[i].note);
      }
}

/* The same where all rows are read at once, of a file that has a fast path. */
static void
test_stamps_of_responses (void)
{
  const char *text = "arrival,response\n1,0.5\n1,0.5\n2,0.5\n";
  const gint64 expected[] = { 0, 500 * MS, 1250 * MS };
  WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
  g_autofree gint64 *arrivals = NULL, *responses = NULL;
  g_autoptr (WpTrace) trace = NULL;
  g_autoptr (GError) error = NULL;
  gsize n;

  options.stamps = WP_STAMPS_SPREAD;
  trace = wp_trace_open_input (wp_input_open_data ("t", text, strlen (text)), 4096, &options, &error);
  g_assert_no_error (error);
  wp_trace_load_responses (trace, &arrivals, &responses, &n, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (arrivals, n * sizeof *arrivals, expected, sizeof expected);
}

/* Times in arithmetic, and values that are none. */
static void
test_arithmetic (void)
{
  static const struct {
    const char *columns, *text;
    gint64 second_ns, services_ns[2];
  } cases[] = {
    { "arrival=t-d,service=d",
      "t,d\n2026-11-29T15:05:01.5Z,0.5\n2026-11-29 16:05:03.5 +0100,1s\n",
      1500 * MS,
      { 500 * MS, S } },
    { "arrival=(f-116444736000000000)/1e7", "f\n133774347000000000\n133774347000000001\n", 100, NOTHING },
    { "arrival=t,service=d", "t,d\n1,-\n2,N/A\n", S, NOTHING },
    { "arrival=t,service=d+1", "t,d\n1,null\n2,0.5\n", S, { NONE, 1500 * MS } },
    { "arrival=t,service=d", "t,d\n1,\"0.010, 0.014\"\n2,30ms\n", S, { 24 * MS, 30 * MS } },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
      g_autoptr (WpTrace) trace = NULL;
      const WpRow *rows;
      gsize n;

      options.columns = cases[i].columns;
      trace = load (cases[i].text, &options, 65536, &rows, &n);
      g_assert_cmpuint (n, ==, 2);
      g_assert_cmpint (rows[1].arrival_ns, ==, cases[i].second_ns);
      g_assert_cmpint (logged_time (&rows[0]), ==, cases[i].services_ns[0]);
      g_assert_cmpint (logged_time (&rows[1]), ==, cases[i].services_ns[1]);
    }
}

static void
test_where (void)
{
  static const struct {
    const char *where;
    gsize n;
    const char *message;
  } cases[] = {
    { "status<500", 3, NULL },
    { "status>=500", 1, NULL },
    { "[status] != 200 && method == GET", 1, NULL },
    { "method==PUT || status==200 && method==\"GET\"", 2, NULL },
    { "uri~/api/*", 2, NULL },
    { "uri=='/x'", 1, NULL },
    { "uri<5", 0, "t:6: an empty trace: no row is one that --where takes" },
    { "stats<500", 0,
      "--where: no column \"stats\"; the columns are \"arrival\", \"status\", \"method\", \"uri\"" },
    { "status<", 0, "--where: \"status<\" has no value; \"\" is an empty cell" },
    { "status==200&&path== ", 0, "--where: \"path==\" has no value; \"\" is an empty cell" },
    { "status", 0, "--where: \"status\" is no comparison, such as status<500 or metric==http_req_duration" },
    { "status=5", 0,
      "--where: \"status=5\" is no comparison, such as status<500 or metric==http_req_duration" },
  };
  static const char text[]
      = "arrival,status,method,uri\n1,200,GET,/api/a\n2,404,GET,/x\n3,200.0,PUT,/api/b\n4,503,POST,/y\n";

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
      g_autoptr (GError) error = NULL;
      g_autoptr (WpTrace) trace = NULL;
      gsize n = 0;

      options.where = cases[i].where;
      trace = open_data ("t", text, strlen (text), &options, &error);
      if (trace != NULL)
        wp_trace_load (trace, &n, &error);
      g_assert_cmpstr (error != NULL ? error->message : NULL, ==, cases[i].message);
      g_assert_cmpuint (n, ==, cases[i].n);
    }
}

/* Keys that an option names are looked for in every line; 25 of these have none of them. */
static void
test_late_keys (void)
{
  static const struct {
    const char *columns, *where;
    gsize n;
    const char *message;
  } cases[] = {
    { "arrival=ts,service=[upstream-time]/1000", NULL, 27, NULL },
    { "arrival=ts", "late==yes", 1, NULL },
    { "arrival=ts,service=[upstream-time]*2+late.r-1", "late~*", 1,
      "t: no line has the key \"late.r\"; did you mean \"late\"?" },
    { "arrival=began,service=[upstream-time]/1000", NULL, 1, NULL },
    { "arrival=begin", NULL, 0, "t: no line has the key \"begin\"; the keys of the first lines are \"ts\"" },
    { "arrival=ts", "xyzzy==1", 0,
      "t: no line has the key \"xyzzy\"; the keys of the first lines are \"ts\"" },
  };
  g_autoptr (GString) text = g_string_new (NULL);

  for (int i = 0; i < 25; i++)
    g_string_append_printf (text, "{\"ts\":%d}\n", i);
  g_string_append (text, "{\"late\":\"yes\",\"ts\":25,\"upstream-time\":500}\n{\"ts\":26,\"began\":1}\n");
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
      g_autoptr (GError) error = NULL;
      g_autoptr (WpTrace) trace = NULL;
      const WpRow *rows = NULL;
      gsize n = 0;

      options.columns = cases[i].columns;
      options.where = cases[i].where;
      trace = open_data ("t", text->str, text->len, &options, &error);
      g_assert_no_error (error);
      rows = wp_trace_load (trace, &n, &error);
      g_assert_cmpstr (error != NULL ? error->message : NULL, ==, cases[i].message);
      if (error == NULL)
        g_assert_cmpuint (n, ==, cases[i].n);
      if (i == 0)
        g_assert_cmpint (rows[25].service_ns, ==, 500 * MS);
    }
}

static void
test_format_and_kind (void)
{
  static const struct {
    const char *log_format;
    WpInputFormat input;
    const char *message;
  } cases[] = {
    { "combined", WP_INPUT_CSV, "--log-format=combined and --input=csv exclude each other" },
    { "haproxy", WP_INPUT_W3C, "--log-format=haproxy and --input=w3c exclude each other" },
    { "$msec $request_time", WP_INPUT_JSONL,
      "--log-format=$msec $request_time and --input=jsonl exclude each other" },
    { "caddy", WP_INPUT_CLF, "--log-format=caddy and --input=clf exclude each other" },
    { "combined", WP_INPUT_CLF, NULL },
    { "caddy", WP_INPUT_JSONL, NULL },
  };
  static const char clf[] = "::1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 200 5 \"-\" \"x\"\n";
  static const char json[] = "{\"ts\":1,\"duration\":0.5}\n";

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
      g_autoptr (GError) error = NULL;
      g_autoptr (WpTrace) trace = NULL;
      const char *text = strcmp (cases[i].log_format, "caddy") == 0 ? json : clf;

      options.input = cases[i].input;
      options.log_format = cases[i].log_format;
      trace = open_data ("t", text, strlen (text), &options, &error);
      g_assert_cmpstr (error != NULL ? error->message : NULL, ==, cases[i].message);
      if (error != NULL)
        g_assert_error (error, WP_ERROR, WP_ERROR_USAGE);
    }
}

/* Fields of a W3C log are columns by their names. */
static void
test_w3c_columns (void)
{
  static const char text[] = "#Version: 1.0\n#Fields: date time cs-method x-began x-took sc-status\n"
                             "2026-11-29 10:00:00 GET 1.5 30 200\n2026-11-29 10:00:01 GET 2.5 40 503\n";
  WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
  g_autoptr (WpTrace) trace = NULL;
  const WpRow *rows;
  gsize n;

  options.columns = "arrival=[x-began],service=[x-took]/1000";
  options.where = "[sc-status]<500 && [cs-method]==GET || [x-took]==40";
  trace = load (text, &options, 65536, &rows, &n);
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpint (rows[0].service_ns, ==, 30 * MS);
  g_assert_cmpint (rows[1].arrival_ns, ==, S);
}

/* A stamp in two columns is their sum: its parts are whole seconds, and it is not, or it is and is spread. */
static void
test_stamps_in_parts (void)
{
  static const struct {
    const char *columns, *text;
    gint64 arrivals_ns[3];
  } cases[] = {
    { "arrival=[date]+[time]",
      "date,time\n2026-11-29,23:59:59.5\n2026-11-30,00:00:00.25\n2026-11-30,00:00:01\n",
      { 0, 750 * MS, 1500 * MS } },
    { "arrival=[date]+[time]-latency,response=latency",
      "date,time,latency\n2026-11-29,10:00:01,0.25\n2026-11-29,10:00:01,0.25\n2026-11-29,10:00:02,0.25\n",
      { 0, 500 * MS, 1250 * MS } },
    { "arrival=date+time,response=took",
      "date;time;took\n2026/11/29;23:59:59,5;12ms\n2026/11/30;00:00:00;3ms\n2026/11/30;00:00:01;4ms\n",
      { 0, 500 * MS, 1500 * MS } },
    { "arrival=at",
      "at\n2026/11/29 23:59:59.5\n2026/11/30 00:00:00\n2026/11/30 00:00:01Z\n",
      { 0, 500 * MS, 1500 * MS } },
    { "arrival=0+[time]",
      "#Fields: time x\n10:00:01.5 a\n10:00:02 b\n10:00:03 c\n",
      { 0, 500 * MS, 1500 * MS } },
    { "arrival=sec+usec/1e6",
      "sec,usec\n1764500000,100000\n1764500000,200000\n1764500001,0\n",
      { 0, 100 * MS, 900 * MS } },
    { "arrival=sec-latency+3600",
      "sec,latency\n1764500000,0.25\n1764500000,0.25\n1764500001,0.25\n",
      { 0, 500 * MS, 1250 * MS } },
    { NULL,
      "#Fields: time cs-uri date time-taken\n10:00:01 / 2026-11-29 0.25\n10:00:01 / 2026-11-29 0.25\n"
      "10:00:02 / 2026-11-29 0.25\n",
      { 0, 500 * MS, 1250 * MS } },
    { "response=[x-took]/1000",
      "#Fields: date time x-took\n2026-11-29 10:00:01 250\n2026-11-29 10:00:02 250\n2026-11-29 10:00:03 250\n",
      { 0, S, 2 * S } },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
      g_autoptr (WpTrace) trace = NULL;
      const WpRow *rows;
      gsize n;

      g_test_message ("%s", cases[i].text);
      options.columns = cases[i].columns;
      trace = load (cases[i].text, &options, 65536, &rows, &n);
      g_assert_cmpuint (n, ==, G_N_ELEMENTS (cases[i].arrivals_ns));
      for (gsize j = 0; j < n; j++)
        g_assert_cmpint (rows[j].arrival_ns, ==, cases[i].arrivals_ns[j]);
    }
}

/* A second date and time are columns of their own. */
static void
test_w3c_two_dates (void)
{
  const char *text = "#Fields: date time x date time\n2026-11-29 15:05:01 1 2026-11-30 15:05:02\n";
  WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
  g_autoptr (WpTrace) trace = NULL;
  const WpRow *rows;
  gsize n;

  options.columns = "arrival=x,id=date";
  trace = load (text, &options, 4096, &rows, &n);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpstr (rows[0].id, ==, "2026-11-30");
}

/* A value is looked for where the latest #Fields: has it. */
static void
test_w3c_fields_twice (void)
{
  const char *text = "#Fields: date time x y time-taken\n#Fields: date time time-taken\n"
                     "2026-11-29 15:05:01 0.5\n";
  WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
  g_autoptr (WpTrace) trace = NULL;
  const WpRow *rows;
  gsize n;

  trace = load (text, &options, 4096, &rows, &n);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpint (rows[0].response_ns, ==, 500 * MS);
}

/* The unit is that of the first value, wherever it stands. */
static void
test_w3c_unit (void)
{
  static const char text[] = "#Version: 1.0\n#Fields: date time time-taken cs-method\n"
                             "2026-11-29 10:00:00 - GET\n2026-11-29 10:00:01 0.5 GET\n";
  WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
  g_autoptr (WpTrace) trace = NULL;
  const WpRow *rows;
  gsize n;

  options.max_bad = 0.9;
  trace = load (text, &options, 65536, &rows, &n);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpint (rows[0].response_ns, ==, 500 * MS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/log-formats/logs", test_logs);
  g_test_add_func ("/log-formats/lines-that-are-none", test_lines_that_are_none);
  g_test_add_func ("/log-formats/bad-lines-at-the-end", test_bad_lines_at_the_end);
  g_test_add_func ("/log-formats/guessed-columns", test_guessed_columns);
  g_test_add_func ("/log-formats/kinds-by-first-lines", test_kinds_by_first_lines);
  g_test_add_func ("/log-formats/bad-logs", test_bad_logs);
  g_test_add_func ("/log-formats/bad-lines", test_bad_lines);
  g_test_add_func ("/log-formats/stamps", test_stamps);
  g_test_add_func ("/log-formats/stamps-of-responses", test_stamps_of_responses);
  g_test_add_func ("/log-formats/arithmetic", test_arithmetic);
  g_test_add_func ("/log-formats/where", test_where);
  g_test_add_func ("/log-formats/late-keys", test_late_keys);
  g_test_add_func ("/log-formats/format-and-kind", test_format_and_kind);
  g_test_add_func ("/log-formats/w3c-columns", test_w3c_columns);
  g_test_add_func ("/log-formats/stamps-in-parts", test_stamps_in_parts);
  g_test_add_func ("/log-formats/w3c-two-dates", test_w3c_two_dates);
  g_test_add_func ("/log-formats/w3c-fields-twice", test_w3c_fields_twice);
  g_test_add_func ("/log-formats/w3c-unit", test_w3c_unit);

  return g_test_run ();
}
