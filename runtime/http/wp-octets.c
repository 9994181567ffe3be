#include "runtime/http/wp-octets.h"

#define TOKEN   WP_OCTET_TOKEN
#define BLANK   (WP_OCTET_VALUE | WP_OCTET_QUOTED)
#define VISIBLE (WP_OCTET_VALUE | WP_OCTET_TARGET | WP_OCTET_QUOTED)
#define HOST    WP_OCTET_HOST

const guint8 wp_octets[256] = {
  ['\t'] = BLANK,
  [' '] = BLANK,
  ['!'] = TOKEN | VISIBLE | HOST,
  ['"'] = WP_OCTET_VALUE | WP_OCTET_TARGET,
  ['#'] = TOKEN | BLANK,
  ['$'] = TOKEN | VISIBLE | HOST,
  ['%'] = TOKEN | BLANK,
  ['&'] = TOKEN | VISIBLE | HOST,
  ['\''] = TOKEN | VISIBLE | HOST,
  ['('] = VISIBLE | HOST,
  [')'] = VISIBLE | HOST,
  ['*'] = TOKEN | VISIBLE | HOST,
  ['+'] = TOKEN | VISIBLE | HOST,
  [','] = VISIBLE | HOST,
  ['-'] = TOKEN | VISIBLE | HOST,
  ['.'] = TOKEN | VISIBLE | HOST,
  ['/'] = VISIBLE,
  ['0' ... '9'] = TOKEN | VISIBLE | HOST,
  [':'] = VISIBLE,
  [';'] = VISIBLE | HOST,
  ['<'] = VISIBLE,
  ['='] = VISIBLE | HOST,
  ['>'] = VISIBLE,
  ['?'] = VISIBLE,
  ['@'] = VISIBLE,
  ['A' ... 'Z'] = TOKEN | VISIBLE | HOST,
  ['['] = VISIBLE,
  ['\\'] = WP_OCTET_VALUE | WP_OCTET_TARGET,
  [']'] = VISIBLE,
  ['^'] = TOKEN | VISIBLE,
  ['_'] = TOKEN | VISIBLE | HOST,
  ['`'] = TOKEN | VISIBLE,
  ['a' ... 'z'] = TOKEN | VISIBLE | HOST,
  ['{'] = VISIBLE,
  ['|'] = TOKEN | VISIBLE,
  ['}'] = VISIBLE,
  ['~'] = TOKEN | VISIBLE | HOST,
  [0x80 ... 0xff] = BLANK,
};
