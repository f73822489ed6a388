# For login shells of a session, from /etc/profile.
export EDITOR=nano VISUAL=nano PAGER=less LESS=-R
# Settings that a person writes down in an interactive shell hold for the login shell too.
[ -z "$PS1" ] || [ -z "$BASH_VERSION" ] || [ ! -r ~/.bashrc ] || . ~/.bashrc
true
