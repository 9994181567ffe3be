#include "sim/trace/wp-row.h"
