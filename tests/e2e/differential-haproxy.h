/* differential-haproxy.h - requests to which HAProxy (2.6) and wp-server respond differently, and the
 * reason. A newer HAProxy may be as strict as wp-server. Classes as in test-differential.c; sections are
 * of RFC 9112. */
#pragma once

#define LF_ENDS       "2.2, 7.1: a lone LF may be taken for a line's end in a head; it was used to smuggle requests"
#define OURS          "ours: a job has one id, in UTF-8; HAProxy passes it on"
#define CONTROLS      "RFC 9110, 5.5: control bytes are invalid and dangerous; a server may refuse them"
#define VERSIONS      "2.3: a version that is not spoken may be refused"
#define BLANKS        "3: one SP; more, and tabs, are leniency (\"MAY\") with risks of its own, 11.2"
#define METHODS       "RFC 9110, 9.1: not a method of ours: 405; HAProxy's \"return\" takes all"
#define TARGETS       "3.2: an invalid target should be 400"
#define FORMS         "3.2: not a target of ours"
#define HOSTS         "3.2: no Host, several or an invalid one are 400 (\"MUST\"); HAProxy looks for differences"
#define FOLDS         "5.2: a folded line is 400, or unfolded: HAProxy unfolds it"
#define LENGTHS       "6.3: several equal lengths are 400, or taken for one: HAProxy takes them"
#define BOTH          "6.1, 6.3: both may be refused; HAProxy drops the length and closes"
#define EXTENSIONS    "7.1.1: an extension is tokens and quoted strings"
#define TRAILER_NAMES "7.1.2, 5.1: a trailer's name is a token; HAProxy refuses others in some runs only"
#define SIZES         "413 by our --max-body; HAProxy's \"return\" answers before it reads"

static const struct {
  const char *name, *haproxy, *why;
} haproxy_differences[] = {
  { "bare LF before", "22", LF_ENDS },
  { "bare LF after all lines", "22", LF_ENDS },
  { "bare LF after a field", "22", LF_ENDS },
  { "bare LF after the request line", "22", LF_ENDS },
  { "bare LF hides a field", "2", LF_ENDS },
  { "bare LF for the empty line", "22", LF_ENDS },
  { "LF CR", "22", LF_ENDS },
  { "NUL in a value", "22", CONTROLS },
  { "NUL in the host", "22", CONTROLS },
  { "HTTP/1.2", "22", VERSIONS },
  { "HTTP/2.0", "22", VERSIONS },
  { "HTTP/9.9", "22", VERSIONS },
  { "HTTP/2 preface", "", "2.3: it speaks HTTP/2, and takes the preface" },
  { "two blanks before the target", "22", BLANKS },
  { "two blanks before the version", "22", BLANKS },
  { "tab before the target", "22", BLANKS },
  { "tab before the version", "22", BLANKS },
  { "lower case method", "22", METHODS },
  { "DELETE", "22", METHODS },
  { "HEAD", "22", METHODS },
  { "OPTIONS", "22", METHODS },
  { "unknown method", "22", METHODS },
  { "TRACE", "22", METHODS },
  { "bad escape", "22", TARGETS },
  { "half an escape", "22", TARGETS },
  { "bad escape in the query", "22", TARGETS },
  { "escape of one hex digit", "22", TARGETS },
  { "escape without digits", "22", TARGETS },
  { "escape without digits in the query", "22", TARGETS },
  { "absolute form without a host", "22", FORMS },
  { "absolute form with a user", "22", FORMS },
  { "absolute form, no Host field", "22", HOSTS },
  { "absolute form by TLS", "22", FORMS },
  { "another scheme", "22", FORMS },
  { "asterisk", "22", FORMS },
  { "OPTIONS with the asterisk", "22", METHODS },
  { "CONNECT", "2", "RFC 9110, 9.3.6: 2xx turns the connection into a tunnel; 405 here" },
  { "no host", "22", HOSTS },
  { "two hosts, the same", "22", HOSTS },
  { "empty host", "22", HOSTS },
  { "blank in the host", "22", HOSTS },
  { "slash in the host", "22", HOSTS },
  { "user in the host", "22", HOSTS },
  { "port of letters", "22", HOSTS },
  { "two ports", "22", HOSTS },
  { "port alone", "22", HOSTS },
  { "half a bracket in the host", "22", HOSTS },
  { "letters behind the bracket", "22", HOSTS },
  { "bad escape in the host", "22", HOSTS },
  { "high byte in the host", "22", HOSTS },
  { "two hosts in a list", "22", HOSTS },
  { "three hosts", "22", HOSTS },
  { "folded host", "22", FOLDS },
  { "folded by a blank", "22", FOLDS },
  { "folded by a tab", "22", FOLDS },
  { "folded to nothing", "22", FOLDS },
  { "folded length", "22", FOLDS },
  { "folded encoding", "22", FOLDS },
  { "a line of blanks for the empty line", "22", FOLDS },
  { "control byte in a value", "22", CONTROLS },
  { "DEL in a value", "22", CONTROLS },
  { "list of lengths", "22", LENGTHS },
  { "length beyond the limit", "2", SIZES },
  { "two lengths, the same", "22", LENGTHS },
  { "two lengths of one value", "22", LENGTHS },
  { "two lengths of a GET", "22", LENGTHS },
  { "encoding and length", "2", BOTH },
  { "length and encoding", "2", BOTH },
  { "length 0 and encoding", "2", BOTH },
  { "length and encoding in odd case", "2", BOTH },
  { "length and encoding of a GET", "2", BOTH },
  { "length and encoding of DELETE", "2", BOTH },
  { "chunked and a comma", "22",
    "RFC 9110, 5.6.1: a list may have empty elements; a coding that is not exactly \"chunked\" is 400 here" },
  { "encoding in HTTP/1.0", "2",
    "6.1: chunked in HTTP/1.0 is faulty framing: it drops the length and closes; 400 here" },
  { "two ids", "22", OURS },
  { "id that is not UTF-8", "22", OURS },
  { "blank after a size", "22", EXTENSIONS },
  { "blank after an extension", "22", EXTENSIONS },
  { "empty extension", "22", EXTENSIONS },
  { "extension without a value", "22", EXTENSIONS },
  { "extension with a blank in its name", "22", EXTENSIONS },
  { "open quote in an extension", "22", EXTENSIONS },
  { "token behind a quoted extension", "22", EXTENSIONS },
  { "NUL in an extension", "22", EXTENSIONS },
  { "bare LF in chunks", "22", LF_ENDS },
  { "bare LF after a chunk", "22", LF_ENDS },
  { "chunk too short", "22", "7.1: CRLF after the data; it takes a lone LF" },
  { "bare LF after an extension", "22", LF_ENDS },
  { "control byte in an extension", "22", EXTENSIONS },
  { "size beyond the limit", "2", SIZES },
  { "bare LF at the end", "22", LF_ENDS },
  { "trailer that is an encoding", "4",
    "7.1.2: a trailer must not frame (RFC 9110, 6.5.1): it refuses, we drop it" },
  { "trailer with a blank before the colon", "22", TRAILER_NAMES },
  { "trailer with a bad name", "22", TRAILER_NAMES },
  { "trailer with a NUL", "22", CONTROLS },
  { "unknown expectation", "22",
    "RFC 9110, 10.1.1: 417 is allowed, not required; it overlooks what it does not know" },
};
