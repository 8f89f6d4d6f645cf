global _start

section .text
_start:
    xor rax, rax
    mov [rax], rax
