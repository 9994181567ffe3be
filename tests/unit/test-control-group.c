/* Memory limits of control groups, in the forms of several systems: the least limit in force is found. */
#include "sim/base/wp-memory.h"

#include <glib/gstdio.h>

typedef struct {
  char *root;
} Folder;

static void
put (const Folder *self, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (self->root, name, NULL), *dir = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (dir, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
folder_make (Folder *self, gconstpointer data)
{
  self->root = g_dir_make_tmp ("wp-test-control-group-XXXXXX", NULL);
  g_assert_nonnull (self->root);
}

static void
remove_all (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_all (child);
    }
  g_assert_cmpint (g_remove (path), ==, 0);
}

static void
folder_remove (Folder *self, gconstpointer data)
{
  remove_all (self->root);
  g_free (self->root);
}

static void
test_none (Folder *self, gconstpointer data)
{
  g_assert_cmpuint (wp_control_group_memory_bytes (self->root), ==, G_MAXUINT64);
  put (self, "proc/self/cgroup", "0::/system.slice/wp-server.service\n");
  g_assert_cmpuint (wp_control_group_memory_bytes (self->root), ==, G_MAXUINT64);
  put (self, "sys/fs/cgroup/system.slice/wp-server.service/memory.max", "max\n");
  g_assert_cmpuint (wp_control_group_memory_bytes (self->root), ==, G_MAXUINT64);
  put (self, "sys/fs/cgroup/system.slice/wp-server.service/memory.max", "lots\n");
  g_assert_cmpuint (wp_control_group_memory_bytes (self->root), ==, G_MAXUINT64);
}

/* Own, above, high, and at the top: the least. */
static void
test_version_2 (Folder *self, gconstpointer data)
{
  put (self, "proc/self/cgroup", "0::/system.slice/wp-server.service\n");
  put (self, "sys/fs/cgroup/system.slice/other.service/memory.max", "1\n");
  put (self, "sys/fs/cgroup/system.slice/wp-server.service/below/memory.max", "2\n");
  put (self, "sys/fs/cgroup/system.slice/wp-server.service/memory.max", "536870912\n");
  g_assert_cmpuint (wp_control_group_memory_bytes (self->root), ==, 536870912);
  put (self, "sys/fs/cgroup/system.slice/memory.max", "268435456\n");
  g_assert_cmpuint (wp_control_group_memory_bytes (self->root), ==, 268435456);
  put (self, "sys/fs/cgroup/system.slice/wp-server.service/memory.high", "134217728\n");
  g_assert_cmpuint (wp_control_group_memory_bytes (self->root), ==, 134217728);
  /* a container's, whose own group is the top that it sees */
  put (self, "sys/fs/cgroup/memory.max", "67108864\n");
  g_assert_cmpuint (wp_control_group_memory_bytes (self->root), ==, 67108864);
}

static void
test_container (Folder *self, gconstpointer data)
{
  put (self, "proc/self/cgroup", "0::/\n");
  put (self, "sys/fs/cgroup/memory.max", "67108864\n");
  g_assert_cmpuint (wp_control_group_memory_bytes (self->root), ==, 67108864);
}

/* Version 1 with version 2 beside it, as systemd's hybrid mode has them; "no limit" is a number there. */
static void
test_version_1 (Folder *self, gconstpointer data)
{
  put (self, "proc/self/cgroup", "9:name=systemd:/a\n5:cpu,memory:/a/b\n3:memory_not:/c\n0::/a\n");
  put (self, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  put (self, "sys/fs/cgroup/memory/c/memory.limit_in_bytes", "1\n");
  g_assert_cmpuint (wp_control_group_memory_bytes (self->root), ==, 9223372036854771712u);
  put (self, "sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", "67108864\n");
  g_assert_cmpuint (wp_control_group_memory_bytes (self->root), ==, 67108864);
  put (self, "sys/fs/cgroup/unified/a/memory.max", "33554432\n");
  g_assert_cmpuint (wp_control_group_memory_bytes (self->root), ==, 33554432);
}

static void
test_odd_lines (Folder *self, gconstpointer data)
{
  put (self, "proc/self/cgroup", "\n0\n0:\n:::::\nmemory\n4:memory\n0::\n4:memory:relative/..\n0::/a:b\n");
  put (self, "sys/fs/cgroup/a:b/memory.max", "12345678\n");
  g_assert_cmpuint (wp_control_group_memory_bytes (self->root), ==, 12345678);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*func) (Folder *folder, gconstpointer data);
  } tests[] = {
    { "/control-group/none", test_none },           { "/control-group/version-2", test_version_2 },
    { "/control-group/container", test_container }, { "/control-group/version-1", test_version_1 },
    { "/control-group/odd-lines", test_odd_lines },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].name, Folder, NULL, folder_make, tests[i].func, folder_remove);

  return g_test_run ();
}
