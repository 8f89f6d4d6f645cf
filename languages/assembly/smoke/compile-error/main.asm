global _start

section .text
_start:
    mov rax, missing
    syscall
