#include "sim/base/wp-error.h"

G_DEFINE_QUARK (wp - error - quark, wp_error)
