#include <stdio.h>
#include <editline/readline.h>

/* What the library keeps in variables, which Swift may not touch. */
static inline void diatom_edit_complete_by(rl_completion_func_t *complete)
{
    rl_readline_name = "diatom";
    rl_attempted_completion_function = complete;
}

static inline const char *diatom_edit_line(void)
{
    return rl_line_buffer;
}
