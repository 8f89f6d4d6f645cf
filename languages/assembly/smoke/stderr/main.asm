global _start

section .text
_start:
    mov rax, 1
    mov rdi, 2
    lea rsi, [rel wrong]
    mov rdx, 4
    syscall
    mov rax, 1
    mov rdi, 1
    lea rsi, [rel right]
    mov rdx, 4
    syscall
    mov rax, 60
    xor rdi, rdi
    syscall

section .rodata
wrong: db "err", 10
right: db "out", 10
